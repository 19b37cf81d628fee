"""What a new installation needs of this app."""

from safety.roles import create_roles
from safety.services.lexicon import seed_keywords
from safety.services.releases import seed_release
from safety.services.resources import seed_resources


def seed() -> list[str]:
    """Roles, keywords, hotlines and a first release, where they are missing. Returns what was done, a line each."""
    done = []
    if count := create_roles():
        done.append(f"{count} staff roles")
    if count := seed_keywords():
        done.append(f"{count} keywords")
    if count := seed_resources():
        done.append(f"{count} hotlines")
    if release := seed_release():
        done.append(f"detection bundle {release.version}, valid until {release.not_after:%Y-%m-%d}")
    return done

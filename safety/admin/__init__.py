"""Staff's pages. Importing registers them."""

from safety.admin import keywords, releases, resources, training

__all__ = ["keywords", "releases", "resources", "training"]

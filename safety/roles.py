"""Who among staff may do what. Groups of Django's own, made by `manage.py seed`; the golden table in tests is the
contract."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction

ROLES: dict[str, tuple[str, ...]] = {
    "lexicon editor": (
        "add_blockedkeyword",
        "change_blockedkeyword",
        "view_blockedkeyword",
        "add_crisisresource",
        "change_crisisresource",
        "view_crisisresource",
        "add_lexiconrelease",
        "view_lexiconrelease",
    ),
    "lexicon approver": (
        "view_blockedkeyword",
        "view_crisisresource",
        "view_lexiconrelease",
        "approve_lexiconrelease",
    ),
    "verifier": ("view_trainingdata", "verify_trainingdata"),
}


@transaction.atomic
def create_roles() -> int:
    """Make the groups and give them these permissions of this app. Permissions staff added stay. Returns how many
    groups are new."""
    created = 0
    for name, codenames in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        permissions = Permission.objects.filter(content_type__app_label="safety", codename__in=codenames)
        if len(permissions) != len(codenames):
            raise LookupError(f"a permission of the role {name} is not there; run migrate first")
        group.permissions.add(*permissions)
        created += is_new
    return created

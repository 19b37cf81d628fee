"""Words of Django's own admin that its Vietnamese catalogue lacks; ours is read first and fills the gaps."""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

DJANGO_GAPS = (
    _("Select this object for an action - {}"),
    _("Run"),
    _("- Select an option -"),
    _("Breadcrumbs"),
    _("Model name"),
    _("Add link"),
    _("Change or view list link"),
    _("Error:"),
    _("Skip to main content"),
    _("Hide counts"),
    _("Show counts"),
    _("Toggle theme (current theme: auto)"),
    _("Toggle theme (current theme: light)"),
    _("Toggle theme (current theme: dark)"),
    _("Filter by %(field_name)s"),
    _("Toggle navigation"),
    _("Sidebar"),
    _("Filter navigation items"),
    _("Pagination %(name)s"),
    _("Pagination %(name)s entries"),
    _("Search %(name)s"),
    _("View selected %(model)s"),
    _("Select all objects on this page for an action"),
    _("entry"),
    _("Logout"),
    _("Forgotten your login credentials?"),
    _("Enter a complete value."),
    _("Null characters are not allowed."),
    ngettext_lazy("Please correct the error below.", "Please correct the errors below.", "count"),
)

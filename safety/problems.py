"""Refusals of this app's calls, in the form of privacy.problems."""

from django.utils.translation import gettext_lazy as _

from privacy.problems import Problem


class TooManyDonations(Problem):
    status_code = 429
    code = "too_many_donations"
    title = _("Too many donations for now")
    detail_text = _("Thank you. Please give the next message in an hour; nothing of this one was stored.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "3600"})


class DonationsClosed(Problem):
    status_code = 503
    code = "donations_closed"
    title = _("Donations are closed")
    detail_text = _("This installation cannot take donations at the moment. Nothing was stored.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "3600"})

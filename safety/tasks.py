from celery import shared_task

from safety.services import donations


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # celery has no types
def accept_donations() -> None:
    donations.accept_donations()

from celery import shared_task

from messaging import services


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # celery has no types
def expire_messages() -> None:
    services.expire_messages()

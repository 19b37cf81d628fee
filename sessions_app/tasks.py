from celery import shared_task

from sessions_app import services


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # celery has no types
def expire_sessions() -> None:
    services.expire_sessions()

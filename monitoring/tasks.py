from celery import shared_task

from monitoring import health


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]  # celery has no types
def record_heartbeat() -> None:
    health.record_heartbeat()

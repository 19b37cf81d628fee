"""Whether this installation can serve, measured by asking each part."""

import shutil
import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

HEARTBEAT_KEY = "heartbeat:beat"
HEARTBEAT_SECONDS = 120
MIN_FREE_BYTES = 100 * 1024 * 1024


def record_heartbeat() -> None:
    """Say that beat sent and a worker took a job just now."""
    cache.set(HEARTBEAT_KEY, int(time.time()), timeout=24 * 3600)


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        return "missing" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"
    except DatabaseError:
        return "unknown"


def broker() -> str:
    try:
        cache.get(HEARTBEAT_KEY)
    except RedisError:
        return "unreachable"
    return "ok"


def heartbeat() -> str:
    """'starting' until beat and a worker were heard for the first time, which does not make the service unready."""
    try:
        heard = cache.get(HEARTBEAT_KEY)
    except RedisError:
        return "unknown"
    if heard is None:
        return "starting"
    return "ok" if time.time() - heard < HEARTBEAT_SECONDS else "late"


def disk() -> str:
    return "ok" if shutil.disk_usage(settings.BASE_DIR).free >= MIN_FREE_BYTES else "full"


_CHECKS: dict[str, Callable[[], str]] = {
    "connection": database,
    "migrations": migrations,
    "broker": broker,
    "heartbeat": heartbeat,
    "disk": disk,
}


def readiness() -> tuple[bool, dict[str, object]]:
    """Whether to send traffic here, and what was found: {status, database, checks: {name: finding}}."""
    findings = {name: check() for name, check in _CHECKS.items()}
    is_ready = all(finding in ("ok", "starting") for finding in findings.values())
    return is_ready, {
        "status": "healthy" if is_ready else "unhealthy",
        "database": connection.vendor,
        "checks": findings,
    }

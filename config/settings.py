"""All settings, from the environment (django-environ). One file, no per-environment copies.

A secret NAME is read from NAME, else from the file named by NAME_FILE,
else from the embedded installation's own secrets file.
"""

import logging
from base64 import b64encode
from pathlib import Path
from secrets import token_bytes

import django_stubs_ext
import environ
from celery.schedules import crontab
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.csp import CSP

from config.version import VERSION
from embedded.layout import Layout

django_stubs_ext.monkeypatch()  # makes ModelAdmin[Model] mean something at run time

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)
layout = Layout.from_env()
_embedded_secrets = layout.read_secrets()


def secret(name: str) -> str:
    """The secret `name`. Without any source: random for this process on the embedded default, an error elsewhere."""
    if from_environment := env.str(name, default=""):
        return str(from_environment)
    if path := env.str(f"{name}_FILE", default=""):
        return Path(path).read_text().strip()
    if value := _embedded_secrets.get(name, ""):
        return value
    if "DATABASE_URL" in env.ENVIRON:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE: with DATABASE_URL set, no secret is made up.")
    return get_random_secret_key()


def stored_key(name: str, made_up: str) -> str:
    """A key that stored data depend on. '' where an installation lacks it, and system checks (safety.E001…) say so:
    one made up would lose what it sealed. `made_up` serves only where nothing is installed yet."""
    if found := env.str(name, default="") or (env.str(f"{name}_FILE", default="") and secret(name)):
        return str(found)
    is_installed = bool(_embedded_secrets) or "DATABASE_URL" in env.ENVIRON
    return _embedded_secrets.get(name, "") if is_installed else made_up


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret("SECRET_KEY")
# Keys what must not be computable from the database alone (digests of user agents, proof-of-work challenges).
DIGEST_KEY = secret("DIGEST_KEY").encode()
# Seals training data at rest, "3:base64,2:base64": the first writes, each opens what names its id (safety/at_rest.py).
FIELD_KEYS = stored_key("CBLN_FIELD_KEYS", made_up="1:" + b64encode(token_bytes(32)).decode())
# Signs detection bundles: base64url of 32 bytes. May be absent; then releases are signed on another machine.
BUNDLE_SIGNING_KEY = stored_key("BUNDLE_SIGNING_KEY", made_up="")
# Public keys a release may be signed with. Empty: that of BUNDLE_SIGNING_KEY.
BUNDLE_PUBLIC_KEYS = env.list("BUNDLE_PUBLIC_KEYS", default=[])
# Lives in the memory of one start of the web server, never on disk. Without it every process counts alone.
RATE_LIMIT_KEY = env.str("RATE_LIMIT_KEY", default="").encode()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = (*default_headers, "if-match", "if-none-match")
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed. Empty: the header changes nothing.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
USES_HTTPS = env.bool("USES_HTTPS", default=False)

# Limits (docs/api.md, GET config/)
BODY_BYTES = 128 * 1024
# Generous: mobile carriers put thousands of phones behind one address, and a slow phone pays seconds for the work.
SESSION_CREATIONS_PER_HOUR = env.int("SESSION_CREATIONS_PER_HOUR", default=300)
PROOF_OF_WORK_BITS = env.int("PROOF_OF_WORK_BITS", default=18)
SESSION_MESSAGES = env.int("SESSION_MESSAGES", default=20_000)

INSTALLED_APPS = [
    "privacy",
    "sessions_app",
    "messaging",
    "safety",
    "monitoring",
    "embedded",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_linear_migrations",
    "simple_history",
]

# The API keeps no browser session and sends no cookie: it skips what serves staff pages (config/middleware.py).
MIDDLEWARE = [
    "config.middleware.RequestLogMiddleware",
    "config.middleware.ApiHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.middleware.PageStaticMiddleware",
    "config.middleware.PageSessionMiddleware",
    "config.middleware.PageLocaleMiddleware",
    "config.middleware.PageCommonMiddleware",
    "config.middleware.PageCsrfMiddleware",
    "config.middleware.PageAuthenticationMiddleware",
    "config.middleware.PageMessageMiddleware",
    "config.middleware.PageFrameMiddleware",
    "config.middleware.PageCspMiddleware",
    "config.middleware.PagePasswordMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.csp",
            ],
        },
    },
]

DATABASES = {
    "default": env.db_url("DATABASE_URL", default=layout.database_url)
    | {
        "CONN_MAX_AGE": None,
    },
}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"] |= {
    # Parameters travel beside the statement, never inside its text, so that no log of statements can hold a value.
    "server_side_binding": True,
    # Statements are prepared after this many uses; -1 for a pooler in transaction mode, which cannot hold them.
    "prepare_threshold": None if (uses := env.int("DATABASE_PREPARE_THRESHOLD", default=3)) < 0 else uses,
    "connect_timeout": 5,
    "application_name": "cbln",
    "options": "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _redis_url(spelling_of_unix_sockets: str) -> str:
    """REDIS_URL; Celery and Django spell the URL of a unix socket differently."""
    scheme, rest = env.str("REDIS_URL", default=layout.redis_url).split("://", 1)
    return f"{spelling_of_unix_sockets if scheme in {'unix', 'redis+socket'} else scheme}://{rest}"


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis_url("unix"),
        "KEY_PREFIX": "cbln",
    },
}

CELERY_BROKER_URL = _redis_url("redis+socket")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# In code and not in a table: staff must not be able to switch deletion off.
CELERY_BEAT_SCHEDULE = {
    "expire-sessions": {"task": "sessions_app.tasks.expire_sessions", "schedule": crontab(minute=5)},
    "expire-messages": {"task": "messaging.tasks.expire_messages", "schedule": crontab(minute="*/10")},
    "accept-donations": {"task": "safety.tasks.accept_donations", "schedule": crontab(minute=40)},
    "beat-heartbeat": {"task": "monitoring.tasks.record_heartbeat", "schedule": 30.0, "options": {"expires": 60}},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sessions_app.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["privacy.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "privacy.renderers.ContentNegotiation",
    "DEFAULT_PARSER_CLASSES": ["privacy.parsers.StrictJSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "config.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "config.exceptions.problem_response",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cùng Bạn Lắng Nghe",
    "DESCRIPTION": "Anonymous, sealed conversations. The server stores what it cannot read.",
    "VERSION": VERSION,
    "LICENSE": {"name": "AGPL-3.0-or-later"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "PREPROCESSING_HOOKS": ["config.schema.only_the_versioned_api"],
    "POSTPROCESSING_HOOKS": ["config.schema.finish_document"],
}

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "UTC"
STAFF_TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True

STATIC_URL = "static/"
# Served from where the packages keep them: no step to forget between an upgrade and a start.
WHITENOISE_USE_FINDERS = True

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# Not "no-referrer": browsers then post forms with "Origin: null", which the CSRF check must refuse (staff pages).
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 31_536_000 if USES_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = USES_HTTPS
SECURE_SSL_REDIRECT = (
    False  # the reverse proxy redirects; a redirected bearer token would already have been sent in clear
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if USES_HTTPS else None
SESSION_COOKIE_SECURE = USES_HTTPS
CSRF_COOKIE_SECURE = USES_HTTPS
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # PageFrameMiddleware does it; the check knows Django's own class only
    "security.W003",  # PageCsrfMiddleware, the same
    "security.W008",  # see SECURE_SSL_REDIRECT
    "security.W021",  # preload is the operator's promise to make, not ours
    *([] if USES_HTTPS else ["security.W004", "security.W012", "security.W016"]),
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
        "monitoring.passwords.OneTimePasswordValidator",
    )
]
LOGIN_URL = "admin:login"

# A record that cannot be written would be shown on the console as it is, arguments and all.
logging.raiseExceptions = False
# Only privacy.logs writes: it drops everything a third party's record could carry of a request.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"private": {"()": "privacy.logs.PrivateFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "private"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django attaches handlers of its own here (one mails the full request); ours replaces them.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},  # cbln.request has a line for every answer already
        "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
# The default reporter prints request bodies and settings into mails and pages.
DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
ADMINS: list[str] = []

"""The settings. What differs between machines comes from the environment (docs/operations.md lists the names)."""

from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from omni.settings import environment, files
from omni.settings.environment import BASE_DIR

django_stubs_ext.monkeypatch()  # so that ModelAdmin["Order"] and its like, which mypy wants, exist when the code runs

SECRET_KEY = environment.secret_key()
DEBUG = environment.flag("DEBUG")
PUBLIC_URL = environment.text("OMNI_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
IS_HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# Applications: a lower layer before a higher one.
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.weixin",
    "csp",
    "django_vite",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "omni.kernel",
    "omni.accounts",
    "omni.messages",
    "stores",
    "inventory",
    "members",
    "fulfillment",
    "orders",
    "settlement",
    "omni.pages",
    "omni.api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "omni.pages.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "omni.urls"
WSGI_APPLICATION = "omni.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "omni.pages.context.place",
            ],
        },
    },
]

# The database. A lock is waited for at most three seconds (then the request is refused as a conflict), and the server
# notices within a second that the client of a running statement has died, so that its locks do not outlive it.
DATABASES = {
    "default": {
        **environment.database(
            environment.text("DATABASE_URL", "postgresql://omni@127.0.0.1:5432/omni"),
            "-c lock_timeout=3s -c client_connection_check_interval=1s -c jit=off",
        ),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis holds what may be lost: hints to workers and the cache. Sessions are rows, since they may not.
REDIS_URL = environment.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "omni.settings.cache.LossyRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.4},
    },
    # Counters of what may not go on uncounted: away, they raise.
    "limits": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "limits",
        "OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.4},
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Celery. A task is a hint to look at rows that are due, so nothing waits for the broker: with it gone a publish fails
# within a second and the sweeper's next round finds the rows.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": 0.3,
    "socket_timeout": 0.4,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "Asia/Shanghai"

# Accounts and sessions.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Shoppers sign in with a phone and a one-time code. How many codes an address, and everybody together, gets in an hour.
ACCOUNT_ADAPTER = "omni.pages.sign_in.AccountAdapter"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"length": 6, "numeric": True, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 300
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if environment.flag("OMNI_BEHIND_PROXY") else 0
SIGN_IN_CODES_PER_ADDRESS = environment.number("SIGN_IN_CODES_PER_ADDRESS", 30)
SIGN_IN_CODES_IN_TOTAL = environment.number("SIGN_IN_CODES_IN_TOTAL", 3000)
# A passkey is the stronger choice; a code from a message stays the way back in.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "omni.pages.passkeys.PasskeyAdapter"
MFA_SUPPORTED_TYPES = ["webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
# How many days somebody has to change their mind before their data are erased, and to fetch a copy of them.
ERASURE_WAIT_DAYS = environment.number("ERASURE_WAIT_DAYS", 7)
EXPORT_KEEP_DAYS = environment.number("EXPORT_KEEP_DAYS", 7)
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = IS_HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"

# The map of the store finder: the address of its tiles, with {z}, {x} and {y}, their datum, and whom they come from. No
# tiles: a plain ground. The link to the way there takes GCJ-02, as maps in China do.
STORE_MAP_TILES = environment.text("STORE_MAP_TILES")
STORE_MAP_DATUM = environment.chosen(environment.text("STORE_MAP_DATUM", "wgs84"), "wgs84", "gcj02")
STORE_MAP_ATTRIBUTION = environment.text("STORE_MAP_ATTRIBUTION")
STORE_ROUTE_LINK = environment.text(
    "STORE_ROUTE_LINK", "https://uri.amap.com/marker?position={lng},{lat}&name={name}&coordinate=gaode"
)

# Headers. Scripts, styles and connections come from this site alone, and nothing inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", *environment.origins(STORE_MAP_TILES)],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if environment.flag("OMNI_BEHIND_PROXY") else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Encryption of phones, and the index they are looked up by: base64 of 32 bytes each, the key to write with first.
SEALING_KEYS = environment.pairs("SEALING_KEYS")
SEALING_INDEX_KEY = environment.text("SEALING_INDEX_KEY")

# Language, time and numbers. The database keeps UTC.
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "omni" / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Files. Without collectstatic (a fresh machine) the finders serve them; an image collects and compresses them. Vite has
# put a hash into the names of what it built, so those are kept for ever; the rest is asked for again after an hour.
IS_STATIC_COLLECTED = environment.flag("OMNI_COLLECTED_STATIC")
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles" if IS_STATIC_COLLECTED else None
STATICFILES_DIRS = [BASE_DIR / "omni" / "static"]
STORAGES = {
    **files.stores(),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"
        if IS_STATIC_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not IS_STATIC_COLLECTED
WHITENOISE_MAX_AGE = 3600 if IS_STATIC_COLLECTED else 0
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/dist/assets/.+"
MEDIA_URL = "/media/"
MEDIA_ROOT = environment.text("OMNI_MEDIA_ROOT", str(environment.LOCAL_DIR / "media"))
DJANGO_VITE = {
    "default": {
        "manifest_path": BASE_DIR / "omni" / "static" / "dist" / "manifest.json",
        "static_url_prefix": "dist",
    },
}

# The API.
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "omni.api.errors.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["omni.api.parsers.BoundedJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["omni.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["omni.api.permissions.HasApiKey"],
    "DEFAULT_THROTTLE_CLASSES": ["omni.api.throttling.RateThrottle"],
    # Whose address counts: without a proxy before us nobody is believed who names another.
    "NUM_PROXIES": 1 if environment.flag("OMNI_BEHIND_PROXY") else 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_REQUESTS_PER_MINUTE = {"key": 600, "address": 60}
SPECTACULAR_SETTINGS = {
    "TITLE": "Omni API",
    "DESCRIPTION": "Nearest stores for a basket; orders placed, read, cancelled. Amounts are whole fen, VAT inside.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# The desk on a weak network: how many seconds a tablet waits for a page before it shows the one that it kept.
DESK_PATIENCE_SECONDS = environment.number("DESK_PATIENCE_SECONDS", 6)

# A parcel on the road of which the express company has told nothing new for so many hours is somebody's to look for.
EXPRESS_SILENCE_HOURS = environment.number("EXPRESS_SILENCE_HOURS", 48)

# Orders: how long an unpaid one holds its goods, how long one that no store can fulfill waits for a decision, and how
# many days a guest's basket is kept, and goods may be returned.
ORDERS_UNPAID_MINUTES = environment.number("ORDERS_UNPAID_MINUTES", 15)
# A till that is over or short by more than this waits for the manager.
TILL_DIFFERENCE_LIMIT_FEN = environment.number("TILL_DIFFERENCE_LIMIT_FEN", 1000)
ORDERS_BASKET_DAYS = environment.number("ORDERS_BASKET_DAYS", 30)
ORDERS_RETURN_DAYS = environment.number("ORDERS_RETURN_DAYS", 7)
ORDERS_PARKED_REFUND_HOURS = environment.number("ORDERS_PARKED_REFUND_HOURS", 48)

# Providers: their credentials are one JSON file, one object for each provider (docs/operations.md).
PROVIDERS = environment.providers()
WECHAT_PAY = {
    "base_url": "https://api.mch.weixin.qq.com",
    "mchid": "",
    "appid": "",
    "merchant_serial": "",
    "merchant_private_key_pem": "",
    "platform_public_key_id": "",
    "platform_public_key_pem": "",
    "apiv3_key": "",
    "notify_url": f"{PUBLIC_URL}/callbacks/wechat/",
    **PROVIDERS.get("wechat", {}),
}
COURIER = {
    "base_url": "",
    "api_key": "",
    "webhook_secret": "",
    "callback_url": f"{PUBLIC_URL}/callbacks/courier/",
    **PROVIDERS.get("courier", {}),
}
EXPRESS = {
    "base_url": "",
    "api_key": "",
    "webhook_secret": "",
    "callback_url": f"{PUBLIC_URL}/callbacks/express/",
    **PROVIDERS.get("express", {}),
}
INVOICES = {"base_url": "", "api_key": "", **PROVIDERS.get("invoices", {})}
# Signing in with WeChat: off without an identity at its open platform. A form leads there, so the policy allows it.
WECHAT_LOGIN = {
    "app_id": "",
    "secret": "",
    "base_url": "https://api.weixin.qq.com",
    "authorize_url": "https://open.weixin.qq.com/connect/qrconnect",
    **PROVIDERS.get("wechat_login", {}),
}
SOCIALACCOUNT_ADAPTER = "omni.pages.wechat.WeChatAccountAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "weixin": {
        "APPS": [{"client_id": WECHAT_LOGIN["app_id"], "secret": WECHAT_LOGIN["secret"], "key": ""}],
        "AUTHORIZE_URL": WECHAT_LOGIN["authorize_url"],
    },
}
if WECHAT_LOGIN["app_id"]:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += environment.origins(WECHAT_LOGIN["authorize_url"])
MESSAGES = {"base_url": "", "api_key": "", **PROVIDERS.get("messages", {})}
MAIL = {"host": "localhost", "port": "25", "user": "", "password": "", "sender": "omni@localhost"}
MAIL |= PROVIDERS.get("mail", {})
EMAIL_HOST, EMAIL_PORT = MAIL["host"], int(MAIL["port"])
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, DEFAULT_FROM_EMAIL = MAIL["user"], MAIL["password"], MAIL["sender"]
EMAIL_USE_TLS = bool(EMAIL_HOST_USER)
EMAIL_TIMEOUT = 7
AMAP = {"base_url": "https://restapi.amap.com", "key": "", **PROVIDERS.get("amap", {})}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("OMNI_LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}

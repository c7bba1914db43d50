"""The settings of the tests: the product's own, but for what would only make them slow."""

from omni.settings import *  # noqa: F403

# Photos are kept in memory.
STORAGES |= {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A transaction that a test left open ends by itself, so that what waits for its locks does not wait for ever.
DATABASES["default"]["OPTIONS"]["options"] += (  # noqa: F405
    " -c idle_in_transaction_session_timeout=300s -c statement_timeout=120s"
)

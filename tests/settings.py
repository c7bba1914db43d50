"""The settings of the tests: the product's own, but for what would only make them slow."""

from omni.settings import *  # noqa: F403

# Photos are kept in memory.
STORAGES |= {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

"""A browser whose owner has just proven themselves, and a folder for what only its owner may fetch."""

import time
from pathlib import Path
from typing import Any

from django.test import Client

from omni.accounts.models import User


def proven(client: Client, user: User, *, seconds_ago: float = 0) -> None:
    """Sign a person in, as by a code so many seconds ago."""
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time() - seconds_ago}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def use_folder(settings: Any, folder: Path) -> None:  # noqa: ANN401  pytest-django's or Django's
    """Keep private files in a folder of the test."""
    private = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "private": private}

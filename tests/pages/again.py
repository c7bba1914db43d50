"""A browser whose owner has just proven themselves."""

import time

from django.test import Client

from omni.accounts.models import User


def proven(client: Client, user: User, *, seconds_ago: float = 0) -> None:
    """Sign a person in, as by a code so many seconds ago."""
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time() - seconds_ago}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()

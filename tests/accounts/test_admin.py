"""Accounts in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from omni.accounts.models import User
from tests.factories.accounts import ShopperUserFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_admin_shows_an_account_without_its_phone(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    shopper = ShopperUserFactory.create()

    page = client.get(reverse("admin:accounts_user_change", args=[shopper.pk])).content.decode()

    assert shopper.username in page
    assert shopper.phone_sealed not in page
    assert shopper.phone_index is not None
    assert shopper.phone_index not in page


def test_admin_adds_an_account(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    values = {
        "username": "new-clerk",
        "password1": "a-Good-pass-9",
        "password2": "a-Good-pass-9",
        "usable_password": "true",
    }

    answer = client.post(reverse("admin:accounts_user_add"), values)

    assert answer.status_code == 302
    assert User.objects.get(username="new-clerk").check_password("a-Good-pass-9")

import pytest
from django.test import Client

from stores.models import Staff
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_sign_in_page_opens_and_a_right_password_leads_on(client: Client, clerk_a: Staff) -> None:
    user = UserFactory.create(username="liu")
    user.set_password("a long secret of hers")
    user.save()
    assert 'autocomplete="username"' in client.get("/accounts/login/").content.decode()

    answer = client.post("/accounts/login/?next=/desk/", {"login": "liu", "password": "a long secret of hers"})

    assert answer.headers["Location"] == "/desk/"
    assert client.session["_auth_user_id"] == str(user.pk)


def test_sign_in_with_a_wrong_password_says_so_and_signs_nobody_in(client: Client) -> None:
    UserFactory.create(username="liu")

    answer = client.post("/accounts/login/", {"login": "liu", "password": "wrong"})

    assert "field-error" in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("address", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"])
def test_nobody_makes_an_account_by_the_web(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404

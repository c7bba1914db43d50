"""What the tests of the shop's order pages share: a shopper's browser, and reading what it shows."""

from html import unescape

from django.core.signing import get_cookie_signer
from django.test import Client


def shopper_in_jingan() -> Client:
    """Return a browser that reads English and lives in Jing'an."""
    client = Client(headers={"accept-language": "en"})
    client.cookies["place"] = get_cookie_signer(salt="place").sign("310106")
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    """Return a page as text, once its status is as expected."""
    response = client.get(address)
    assert response.status_code == status
    return unescape(response.content.decode())

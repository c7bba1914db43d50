from collections.abc import Callable

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from omni.kernel.errors import Conflict, DomainError, InvalidInput, NotFound
from omni.pages.middleware import DomainErrorMiddleware
from stores.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(rf: RequestFactory) -> Callable[[Exception], HttpResponse | None]:
    def ask(error: Exception) -> HttpResponse | None:
        request: HttpRequest = rf.get("/somewhere/")
        return DomainErrorMiddleware(lambda _request: HttpResponse()).process_exception(request, error)

    return ask


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Conflict("Only %(left)s left.", left=2), 409, "Only 2 left."),
        (InvalidInput("<b>No</b> such size.", field="size"), 400, "&lt;b&gt;No&lt;/b&gt; such size."),
    ],
)
def test_domain_error_becomes_a_page_with_its_message(
    answer: Callable[[Exception], HttpResponse | None], error: DomainError, status: int, text: str
) -> None:
    page = answer(error)
    assert page is not None
    assert (page.status_code, text in page.content.decode()) == (status, True)


def test_not_found_looks_like_an_address_that_does_not_exist(
    answer: Callable[[Exception], HttpResponse | None], client: Client
) -> None:
    missing, page = client.get("/no-such-page/"), answer(NotFound())
    assert page is not None
    assert (page.status_code, missing.status_code) == (404, 404)
    assert page.content.decode().split("<main")[1] == missing.content.decode().split("<main")[1]


@pytest.mark.parametrize("error", [KeyError("x"), Http404()])
def test_other_errors_are_left_to_django(answer: Callable[[Exception], HttpResponse | None], error: Exception) -> None:
    assert answer(error) is None


def test_page_of_others_is_not_found_for_a_clerk(client: Client, clerk_a: Staff) -> None:
    client.force_login(clerk_a.user)
    assert client.get("/hq/orders/").status_code == 404

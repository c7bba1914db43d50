"""What every template may use."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from stores import queries as stores_queries


def place(request: HttpRequest) -> dict[str, object]:
    """Give the templates the shopper's remembered place; falsy when none is chosen."""

    def read() -> object:
        return stores_queries.find_place(str(request.get_signed_cookie("place", default=""))) or ""

    return {"place": SimpleLazyObject(read)}

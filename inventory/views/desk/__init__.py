"""The desk's pages of stock: what all of them do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stores import queries as stores_queries

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest

    from omni.kernel.errors import DomainError
    from stores.models import Store
    from stores.permissions import Actor


def at_store(request: HttpRequest, store_id: int) -> tuple[Actor, Store]:
    """Return who stands at the desk of which store.

    :raises NotFound: when they do not work there.
    """
    actor = stores_queries.actor_for_user(request.user)
    return actor, stores_queries.get_desk_store(actor, store_id)


def add_refusal(form: forms.Form, error: DomainError) -> None:
    """Put a refusal beside the field that it is about, else above the form."""
    form.add_error(error.field if error.field in form.fields else None, error.message)

"""The admin pages of orders."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from fulfillment.services import handover
from omni.kernel import sealing
from omni.kernel.models import Transition
from omni.kernel.transactions import entry
from orders.choices import NoticeOutcome, RefundReason
from orders.clients import ProviderRefused
from orders.models import Order, PaymentIntent, PaymentNotice, Recognition, Refund
from orders.services import drive_refund, refunds
from tests.cast import World
from tests.factories.accounts import UserFactory
from tests.factories.orders import carried_order, move_share, shares_of
from tests.orders.provider import ScriptedProvider

MODELS = [Order, PaymentIntent, PaymentNotice, Refund, Recognition]


@pytest.fixture
def administrator(client: Client, world: World) -> Client:
    """Return a browser signed in to the admin."""
    client.force_login(UserFactory.create(username="admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def abnormal(world: World, now: datetime, provider: ScriptedProvider) -> Refund:
    """Return a refund that needs somebody, of an order that was delivered."""
    order = carried_order(world)
    move_share(shares_of(order)[0], handover.mark_delivered, now)
    with entry():
        refund = refunds.request_refund(
            PaymentIntent.objects.get(), order=order, amount_fen=1, reason=RefundReason.CANCELLED, cause="t", now=now
        )
    provider.script("refund", ProviderRefused("INVALID_REQUEST"))
    drive_refund(refund.pk, now=now)
    PaymentNotice.objects.create(
        provider="wechat", event_id="E1", event_type="X", body={}, outcome=NoticeOutcome.QUARANTINED, received_at=now
    )
    refund.refresh_from_db()
    return refund


@pytest.mark.usefixtures("abnormal")
@pytest.mark.parametrize("model", MODELS)
def test_rows_are_shown_and_cannot_be_changed(administrator: Client, model: type[Order]) -> None:
    name = model._meta.model_name
    row = model.objects.get()

    table = administrator.get(reverse(f"admin:orders_{name}_changelist"))
    page = administrator.get(reverse(f"admin:orders_{name}_change", args=[row.pk]))
    changed = administrator.post(reverse(f"admin:orders_{name}_change", args=[row.pk]), {})
    deleted = administrator.post(reverse(f"admin:orders_{name}_delete", args=[row.pk]), {"post": "yes"})

    assert (table.status_code, page.status_code, changed.status_code, deleted.status_code) == (200, 200, 403, 403)
    assert str(row.pk) in table.content.decode()


def test_an_order_is_shown_without_its_phone(administrator: Client, abnormal: Refund) -> None:
    order = Order.objects.get()

    page = administrator.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()

    assert "SHIRT-S" in page
    assert order.contact_phone_sealed not in page
    assert sealing.unseal(order.contact_phone_sealed) not in page


def test_retry_sends_an_abnormal_refund_again_and_says_who_did_it(administrator: Client, abnormal: Refund) -> None:
    assert abnormal.status == "abnormal"

    administrator.post(
        reverse("admin:orders_refund_changelist"), {"action": "retry", "_selected_action": [abnormal.pk]}
    )

    abnormal.refresh_from_db()
    assert (abnormal.status, abnormal.attempts) == ("requested", 0)
    assert Transition.objects.filter(entity="orders.refund").latest("pk").actor.startswith("user:")

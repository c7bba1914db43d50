from datetime import timedelta

import pytest
from pytest_django import Settings

from fulfillment.choices import FulfillmentOrderStatus
from tests.cast import NOON, World
from tests.factories.orders import offered_order, shares_of
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("hours", [9, 10, 11, 12, 14, 15, 17, 19, 20, 21, 22])
def test_order_at_any_hour_is_offered_to_a_store_that_opens_in_time(
    world: World, settings: Settings, hours: int
) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False

    order = offered_order(world, now=NOON + timedelta(hours=hours))

    assert [share.status for share in shares_of(order)] == [FulfillmentOrderStatus.OFFERED]

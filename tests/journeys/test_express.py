"""A parcel by express: checkout says so on a phone, the desk labels it and gives it to the van, the shopper follows."""

import re

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from fulfillment.choices import FulfillmentOrderStatus, Way
from fulfillment.models import Parcel
from omni.kernel import clock
from orders.models import Order
from tests.cast import World, build_world
from tests.courier import Callbacks, drive, express, parcel_callbacks
from tests.factories.fulfillment import delivery_of, status_of
from tests.factories.orders import accepted_order, run_deliveries, shares_of
from tests.factories.stores import DistrictFactory
from tests.journeys.devices import check_accessible, complaints, desk, phone
from tests.orders.wechat import Provider
from tests.sandbox.fixture import SandboxProcess

__all__ = ["complaints", "desk", "express", "parcel_callbacks", "phone"]

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
# A district of Peking, some 1,070 km from store A.
FAR = "110105"


@pytest.fixture
def world(transactional_db: None, settings: LazySettings) -> World:
    """Return the small world, committed, with nobody but the test to carry orders on."""
    settings.OUTBOX_HINTS = False
    settings.WECHAT_PAY = Provider().settings
    return build_world()


@pytest.fixture
def order(world: World) -> Order:
    """An order from far away that store A has accepted."""
    DistrictFactory.create(
        code=FAR, province="北京市", city="市辖区", name="朝阳区", province_en="Beijing", city_en="Beijing",
        name_en="Chaoyang", lat=39.92, lng=116.44,
    )  # fmt: skip
    return accepted_order(world, now=clock.now(), way=Way.EXPRESS, district_code=FAR)


def test_parcel_goes_from_the_desk_to_a_door_far_away(
    desk: Page, phone: Page, order: Order, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    (share,) = shares_of(order)
    desk.goto(f"/desk/tasks/{share.number}/")
    desk.get_by_role("button", name="Already packed").click()
    expect(desk.get_by_text("is being asked for a waybill")).to_be_visible()
    drive(share)

    desk.get_by_role("link", name="Print the express label").click()
    parcel = Parcel.objects.get()
    label = desk.locator(".express-label")
    expect(label).to_contain_text(parcel.waybill)
    expect(label).to_contain_text("138****8000")
    check_accessible(desk)

    desk.goto(f"/desk/stores/{share.store_id}/?tab=waiting")
    desk.get_by_role("link", name="Hand parcels to the express van").click()
    check_accessible(desk)
    desk.get_by_label("Scan each label as the driver takes the parcel").press_sequentially(parcel.waybill)
    desk.keyboard.press("Enter")
    expect(desk.get_by_text(f"{parcel.waybill} goes with the van.")).to_be_visible()
    expect(desk.get_by_text("Nothing waits for the van.")).to_be_visible()
    assert status_of(share) == S.HANDED_OVER

    express.advance_parcel(delivery_of(share).provider_id, "5")
    parcel_callbacks.deliver(4)
    run_deliveries(clock.now())
    phone.reload()
    expect(phone.locator(".courier-line")).to_contain_text(parcel.waybill)
    expect(phone.get_by_text("【北京市】快递员正在派送")).to_be_visible()
    check_accessible(phone)

    express.advance_parcel(delivery_of(share).provider_id, "301")
    parcel_callbacks.deliver(1)
    run_deliveries(clock.now())
    phone.reload()
    expect(phone.locator(".track-badge")).to_have_text(re.compile("Completed"))
    expect(phone.get_by_text("已签收，签收人：本人")).to_be_visible()

"""The rows that the walk over all addresses asks for, and everybody who asks."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from fulfillment import services as fulfillment_services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import Delivery, FulfillmentOrder
from fulfillment.services import handover
from inventory import services as inventory_services
from inventory.choices import CountScope
from inventory.models import StockLevel
from inventory.services import CountPlan
from members import services as members_services
from members.models import Member, OfferUse
from omni.accounts.models import User
from omni.kernel import clock, sealing
from omni.kernel.clock import BUSINESS_ZONE, business_date
from omni.kernel.numbers import public_number
from omni.kernel.transactions import entry
from orders import queries as orders_queries
from orders import services as orders_services
from orders.choices import IntentStatus, NoticeOutcome, RefundReason, ReturnWay
from orders.models import PaymentIntent, PaymentNotice, Refund
from stores.models import Staff
from tests.architecture import routes
from tests.architecture.admin_routes import first_key
from tests.architecture.office import fill_admin
from tests.architecture.staff import hire
from tests.architecture.tills import open_tills
from tests.cast import NOON, World
from tests.factories.accounts import PASSWORD
from tests.factories.counter import begun, declined, opened_basket, piece_of, put_collection, waiting_order
from tests.factories.fulfillment import accept, accept_and_pack, code_of, offer_share
from tests.factories.members import AccountAddressFactory, FollowUpFactory, MemberFactory, WishFactory, review_photo
from tests.factories.offers import (
    CouponFactory,
    CouponTemplateFactory,
    PointsProgramFactory,
    PromotionFactory,
    TierFactory,
    give_points,
)
from tests.factories.orders import (
    carried_order,
    move_share,
    packed_order,
    placed_order,
    shares_of,
    started_payment,
)
from tests.factories.returns import agreed_return, delivered_order, received_return
from tests.factories.stock import announced, clerk, receive
from tests.factories.till import opened_drawer
from tests.factories.try_ons import SLOT, arrived, booked, decide, prepared, share_of
from tests.fulfillment.test_store_work import set_status, wish_to_cancel

ADDRESS = {"recipient": "王小雨", "phone": "13800138000", "place": "310106", "street": "南京西路 1 号"}
CHECKOUT = {
    "way": "courier",
    "contact_name": "王小雨",
    "phone": "138 0013 8000",
    "street": "南京西路 1 号",
    "place": "310106",
}
PROMOTION = {
    "name_zh": "满减",
    "name_en": "Money off",
    "benefit": "amount",
    "amount_fen": "10",
    "starts_at": "2026-03-01T00:00",
    "ends_at": "2026-04-01T00:00",
}
BACKEND = "django.contrib.auth.backends.ModelBackend"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
UNKNOWN = {
    "number": public_number("O"),
    "store_id": "999999999",
    "variant_id": "999999999",
    "cause": "fulfillment_order:999999999",
    "address_id": "999999999",
    "follow_up_id": "999999999",
    "drawer_id": "999999999",
    "refund_id": "999999999",
    "intent_id": "999999999",
    "template_id": "999999999",
    "offer_id": "999999999",
    "coupon_code": "CABCD-EFGHJ-KMNPQ",
    "brand_code": "nobody",
    "code": "NOTHING",
    "share": public_number("F"),
    "key": "0" * 32,
    "token": "nothing",
    "sku": "NOTHING",
}


@dataclass
class Scene:
    """Rows by the names that the table of routes gives them, and what is sent where."""

    world: World
    accounts: dict[str, User]
    rows: dict[str, str] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def address(self, pattern: str, row: str, **instead: str) -> str:
        """Fill a pattern with a row of store A, of the brand, or of the guest, unless told otherwise."""
        if "." in row and row not in self.rows:
            self.rows[row] = first_key(row)
        key = self.rows[row] if "." in row else ""
        values = {
            "number": self.rows.get(row, ""),
            "share": self.rows["share to collect"],
            "key": self.rows["photo"],
            "token": self.rows[row if row in {"history", "code of a basket"} else "arrival"],
            "store_id": self.rows["store"],
            "variant_id": str(self.world.variants["M"].pk),
            "cause": self.rows["cause"],
            "address_id": self.rows["address"],
            "follow_up_id": self.rows["follow-up"],
            "wish_id": self.rows["wish"],
            "template_id": self.rows["coupon to take"],
            "coupon_code": self.rows["coupon"],
            "passkey_id": "1",
            "kind": "promotions",
            "offer_id": self.rows[row if row == "promotion of last year" else "promotion"],
            "link_id": "1",
            "line_id": self.rows.get(f"line of {row}", "1"),
            "drawer_id": self.rows.get(row, ""),
            "refund_id": self.rows["cash to give back"],
            "intent_id": self.rows["card" if "/counter/" in pattern else "card without a result"],
            "brand_code": self.world.brand.code,
            "code": self.rows.get(row, self.world.product.code),
            "store_code": self.world.stores["A"].code,
            "shape": "shirt",
            "sku": self.world.variants["M"].sku,
            "color": "ffffff",
            "name": "products/nothing.jpg",
            "app_label": "stores",
            "url": "no/such/page",
            "content_type_id": "1",
            "object_id": key or "1",
            "id": key,
        }
        return "/" + PARAMETER.sub(lambda found: (values | instead)[found[1]], pattern)


def _make_offers(scene: Scene) -> None:
    """Make a coupon to take and one that is taken, points, and their brand's program."""
    member = Member.objects.get(user=scene.accounts[routes.MEMBER], brand=scene.world.brand)
    template = CouponTemplateFactory.create(brand=scene.world.brand, public_code="AUTUMN20")
    PointsProgramFactory.create(brand=scene.world.brand)
    TierFactory.create(brand=scene.world.brand)
    # Stopped, so that prices stay what they are.
    promotion = PromotionFactory.create(brand=scene.world.brand, is_running=False)
    OfferUse.objects.create(owner="order:0", promotion=promotion, amount_fen=100, used_at=NOON)
    scene.rows["promotion"] = str(promotion.pk)
    scene.rows["promotion of last year"] = str(
        PromotionFactory.create(brand=scene.world.brand, valid=("2025-01-01T00:00Z", "2025-02-01T00:00Z")).pk
    )
    scene.rows["coupon to take"] = str(template.pk)
    scene.rows["coupon"] = CouponFactory.create(member=member, template__brand=scene.world.brand).code
    scene.sent["hq/coupons/<int:template_id>/issue/"] = {"member": member.number}
    scene.rows["points"] = str(give_points(member, 100).pk)


def _care(scene: Scene) -> None:
    """Put something on the list of what is to be done for a member; say what is sent to their page at the desk."""
    member = Member.objects.get(user=scene.accounts[routes.MEMBER], brand=scene.world.brand)
    plan = FollowUpFactory.create(member=member, staff__store=scene.world.stores["A"])
    scene.rows |= {"member at hand": member.number, "follow-up": str(plan.pk)}
    page = "desk/stores/<int:store_id>/members/<str:number>/"
    scene.sent |= {
        f"{page}notes/": {"text": "常穿 M"},
        f"{page}plans/": {"text": "新款到店", "due_on": "2030-01-01"},
        f"{page}consent/": {"marketing-sms": "on"},
        f"{page}phone/": {"reason": "order"},
    }


def set_scene(world: World) -> Scene:
    """Make every row that the table of routes names, and the data that would do something there."""
    StockLevel.objects.filter(variant=world.variants["S"]).update(on_hand=99)
    scene = Scene(world, hire(world), rows={"store": str(world.stores["A"].pk)})
    _place_orders(scene)
    _offer_tasks(scene)
    _give_back(scene)
    rows, sent = open_tills(world)
    scene.rows |= rows
    scene.sent |= sent
    fill_admin(world)
    _speak(scene)
    scene.rows["collection"] = "spring"
    scene.rows["address"] = str(AccountAddressFactory.create(user=scene.accounts[routes.MEMBER]).pk)
    wish = WishFactory.create(user=scene.accounts[routes.MEMBER], variant=world.variants["S"])
    scene.rows["wish"] = str(wish.pk)
    _make_offers(scene)
    _care(scene)
    _stand_at_the_counter(scene)
    _stock_up(scene)
    scene.sent |= {
        "me/coupons/code/": {"code": "AUTUMN20"},
        **dict.fromkeys(
            ("hq/offers/<slug:kind>/", "hq/offers/<slug:kind>/<int:offer_id>/"),
            PROMOTION | {"brand": str(world.brand.pk)},
        ),
        "me/consent/": {"brand": "one", "marketing-sms": "on"},
        "me/sizes/": {"height_cm": "168"},
        "me/wishes/add/": {"brand": "one", "code": "SHIRT", "sku": "SHIRT-M"},
        "me/profile/": {"name": "王小雨", "language": "en"},
        **dict.fromkeys(("me/addresses/add/", "me/addresses/<int:address_id>/"), ADDRESS),
        "i18n/setlang/": {"language": "en"},
        "place/": {"district_code": "310106"},
        "basket/add/": {"brand": "one", "sku": "SHIRT-S"},
        "desk/tasks/<str:number>/reject/": {"reason": "too_busy"},
        "desk/tasks/<str:number>/answer/": {"answer": "accept"},
        "hq/orders/<str:number>/": {"act": "cancel"},
        "api/v1/stores/nearest": {"brand": "one", "lat": "31.23", "lng": "121.45", "lines": "SHIRT-S:1"},
        "api/v1/orders/": {
            "lines": [{"sku": "SHIRT-S", "quantity": 1}],
            "contact_name": "王小雨",
            "phone": "13800138000",
            "district_code": "310106",
            "street": "南京西路 1 号",
        },
    }
    return scene


def _stock_up(scene: Scene) -> None:
    """Let store A count a size, expect a delivery, and have one that differs."""
    world = scene.world
    with entry():
        count = inventory_services.plan_count(
            CountPlan(world.stores["A"].pk, CountScope.TASKS), actor=clerk(world), now=NOON
        )
    differing = receive(world, announced(world, {"M": 1}, reference="ASN-2"), {"M": 2})
    scene.rows |= {
        "count": count.number,
        "announced delivery": announced(world, {"M": 3}).number,
        "delivery that differs": differing.number,
        "cause": f"fulfillment_order:{FulfillmentOrder.objects.get(number=scene.rows['offered task']).pk}",
    }
    stock = routes.STOCK
    scene.sent |= {
        f"{stock}items/<int:variant_id>/adjust/": {"reason": "found", "units": "1", "note": "货架后面"},
        f"{stock}counts/plan/": {"scope": "style", "style": "SHIRT"},
        f"{stock}counts/<str:number>/pieces/": {"code": "SHIRT-S", "quantity": "1"},
        f"{stock}counts/<str:number>/act/": {"act": "submit"},
        f"{stock}shipments/new/": {"store": str(world.stores["B"].pk), "way": "ask", "code": "SHIRT-M"},
        f"{stock}shipments/<str:number>/pieces/": {"code": "SHIRT-M", "quantity": "1"},
        f"{stock}shipments/<str:number>/lines/": {"code": "SHIRT-M", "quantity": "2", "damaged": "1"},
        f"{stock}shipments/<str:number>/act/": {"act": "all"},
        f"{stock}shipments/<str:number>/close/": {"reason": "over_shipped", "note": "多了一件"},
    }


def _place_orders(scene: Scene) -> None:
    waiting, failed = placed_order(scene.world), placed_order(scene.world)
    for order, status in ((waiting, IntentStatus.PENDING), (failed, IntentStatus.FAILED)):
        intent = PaymentIntent.objects.filter(pk=started_payment(order).pk)
        intent.update(status=status, code_url="weixin://pay/1")
    PaymentNotice.objects.create(
        provider="wechat", event_id="1", event_type="X", body={}, outcome=NoticeOutcome.QUARANTINED, received_at=NOON
    )
    Refund.objects.create(
        intent=intent.get(), out_refund_no="R-1", amount_fen=1, reason=RefundReason.ORPHAN, cause="1", requested_at=NOON
    )
    collect = packed_order(scene.world, way=Way.PICKUP, pickup_store_id=scene.world.stores["A"].pk)
    scene.rows |= {
        "unpaid order": waiting.number,
        "order to pay again": failed.number,
        "order to collect": collect.number,
        "share to collect": shares_of(collect)[0].number,
    }


def _speak(scene: Scene) -> None:
    """Let the guest speak of a delivered order, with a photo that everybody may see, and wait for a size."""
    order = carried_order(scene.world)
    for share in shares_of(order):
        move_share(share, handover.mark_delivered)
    photo = review_photo(order, is_shown=True, stars=2)
    with entry():
        notice_id = members_services.subscribe_arrival(
            scene.world.brand.pk,
            "SHIRT-S",
            place="310106",
            phone="13900000001",
            member_id=None,
            language="en",
            now=NOON,
        )
    token = members_services.sign_token(notice_id)
    scene.rows |= {"order to speak of": order.number, "photo": photo.key, "arrival": token}
    line = order.lines.get().pk
    invoiced = carried_order(scene.world)
    for share in shares_of(invoiced):
        move_share(share, handover.mark_delivered)
    with entry():
        orders_services.request_invoice(
            invoiced.pk, title_kind="person", title="王小雨", tax_number="", email="", actor="guest", now=NOON
        )
    scene.sent |= {
        "orders/<str:number>/invoice/": {"title_kind": "person", "title": "王小雨"},
        "orders/<str:number>/feedback/": {"order_stars": "5", "service_stars": "4", f"stars_{line}": "2"},
        "arrival/": {
            "brand": "one", "sku": "SHIRT-S", "place": "310106", "phone": "13900000002", "is_agreed": "on",
        },
    }  # fmt: skip


def _offer_tasks(scene: Scene) -> None:
    """Put tasks of store A in every state in which its desk does something."""
    world = scene.world
    packed, ready = accept_and_pack(offer_share(world)), accept_and_pack(offer_share(world, way=Way.PICKUP))
    uncollected, to_cancel = accept_and_pack(offer_share(world, way=Way.PICKUP)), accept_and_pack(offer_share(world))
    returning = accept_and_pack(offer_share(world))
    move_share(returning, handover.give_to_courier, is_reported=False)
    Delivery.objects.filter(fulfillment_order=returning).update(state=DeliveryState.CANCELLED)
    set_status(returning, FulfillmentOrderStatus.RETURNING)
    silent = accept_and_pack(offer_share(world, way=Way.EXPRESS))
    move_share(silent, handover.give_to_courier, is_reported=False)
    FulfillmentOrder.objects.filter(pk=silent.pk).update(overdue_at=NOON)
    move_share(uncollected, handover.end_waiting, is_reported=False)
    wish_to_cancel(to_cancel)
    try_on, here = prepared(world, "S"), arrived(world, "S", phone="13900139000")
    of_b = {"starts_at": SLOT + timedelta(minutes=30)}
    new, kept = booked(world, "S", **of_b), decide(arrived(world, "S", phone="13900139000", **of_b), "SHIRT-S")
    bookings = {"try-on": try_on, "arrived try-on": here, "booked try-on": new, "kept try-on": kept}
    scene.rows |= {name: booking.number for name, booking in bookings.items()}
    tasks = {
        "offered task": offer_share(world),
        "accepted task": accept(offer_share(world)),
        "packed task": packed,
        "ready task": ready,
        "task to cancel": to_cancel,
        "returning task": returning,
        "silent parcel": silent,
        "uncollected task": uncollected,
    }
    scene.rows |= {name: task.number for name, task in tasks.items()}
    _pick_together(scene, tasks["offered task"], tasks["accepted task"], packed)
    scene.sent |= {
        "desk/tasks/<str:number>/hand-over/": {"code": code_of(packed)},
        "try-on/": {
            "brand": "one",
            "sku": "SHIRT-S",
            "store": world.stores["A"].pk,
            "key": "k",
            "slot": _a_slot_from_now(),
            "contact_name": "王小雨",
            "phone": "13700137000",
        },
        "desk/tasks/<str:number>/collect/": {"code": code_of(ready, PickupCodePurpose.SHOPPER)},
        "desk/collect/<str:number>/": {"code": code_of(ready, PickupCodePurpose.SHOPPER)},
        "desk/stores/<int:store_id>/codes/": {"code": code_of(ready, PickupCodePurpose.SHOPPER)},
        "desk/try-ons/<str:number>/check-in/": {"code": code_of(share_of(try_on), PickupCodePurpose.SHOPPER)},
        "desk/try-ons/<str:number>/tried/": {f"line-{share_of(here).lines.get().pk}": "too_small"},
    }


def _pick_together(
    scene: Scene, offered: FulfillmentOrder, accepted: FulfillmentOrder, packed: FulfillmentOrder
) -> None:
    """Begin a wave of an order of three pieces, one of which was scanned; say what is sent about it and the tasks."""
    share = accept(offer_share(scene.world, units={"S": 3}))
    with entry():
        wave = fulfillment_services.start_wave(scene.world.stores["A"].pk, [share.pk], actor="user:1", now=NOON)
        fulfillment_services.pick_unit(wave, "SHIRT-S")
    line, given = share.lines.get().pk, offered.lines.get().pk
    scene.rows["wave"] = wave.number
    scene.sent |= {
        "desk/stores/<int:store_id>/wave/": {"tasks": accepted.number},
        "desk/waves/<str:number>/scan/": {"code": "SHIRT-S"},
        "desk/waves/<str:number>/pick/": {"line": str(line)},
        "desk/waves/<str:number>/put-back/": {"line": str(line)},
        "desk/waves/<str:number>/bin/": {"line": str(line), "bin": "A-03"},
        "desk/tasks/<str:number>/give-back/": {f"units_{given}": "1", f"reason_{given}": "not_found"},
        "desk/tasks/<str:number>/reassign/": {"store": ""},
        "desk/tasks/<str:number>/parcels/": {"parcel": packed.parcels.get().number},
    }


def _a_slot_from_now() -> str:
    """Return a half-hour of tomorrow's in which the stores are open, as the form sends it."""
    day = business_date(clock.now()) + timedelta(days=1)
    return datetime.combine(day, time(15), BUSINESS_ZONE).isoformat()


def _give_back(scene: Scene) -> None:
    """Make an order that came, a return of a piece of it, and another's return that store A has received."""
    order = delivered_order(scene.world, ("S", 2))
    case = agreed_return(order, 1, way=ReturnWay.COLLECT)
    received = received_return(scene.world, delivered_order(scene.world), store="A")
    scene.rows |= {
        "delivered order": order.number,
        "agreed return": case.number,
        "received return": received.number,
    }
    found = orders_queries.find_to_take_back(scene.world.stores["A"], "13800138000", now=NOON)
    assert found is not None
    scene.rows["history"] = found.history
    [held] = orders_queries.held_pieces([order], now=NOON)
    scene.sent["desk/stores/<int:store_id>/returns/find/"] = {"text": order.number}
    brought: dict[str, Any] = {"reason": "faulty", held.field: "resell", "seen": held.refund_fen, "allow": "on"}
    scene.sent["desk/stores/<int:store_id>/returns/orders/<str:number>/"] = brought
    scene.sent["desk/stores/<int:store_id>/returns/people/<str:token>/"] = brought
    line, piece, store = order.lines.get().pk, received.lines.get().pk, scene.rows["store"]
    scene.sent |= {
        "orders/<str:number>/return/": {f"line-{line}": "1", "reason": "faulty", "way": "bring"},
        "desk/returns/<str:number>/receive/": {"store": store},
        "desk/returns/<str:number>/inspect/": {f"piece-{piece}": "resell"},
        "desk/returns/<str:number>/refuse/": {"reason": "穿过"},
    }


def _stand_at_the_counter(scene: Scene) -> None:
    """Open a basket at store A's counter, and have another one paid for which something comes back."""
    counter = "desk/stores/<int:store_id>/counter/<str:number>/"
    member = Member.objects.get(user=scene.accounts[routes.MEMBER], brand=scene.world.brand)
    basket, paying = opened_basket(scene.world, "S", member=member), opened_basket(scene.world, "S", "S")
    sold, drawer = delivered_order(scene.world), opened_drawer(scene.world)
    with entry():
        orders_services.return_at_counter(paying.pk, [piece_of(sold)], now=NOON)
    checkout_id = begun(paying).checkout_id or 0
    with entry():
        card = orders_services.start_card(checkout_id, drawer.pk, amount_fen=100, actor="user:1", now=NOON)
        scan = orders_services.start_wechat(checkout_id, amount_fen=100, actor="user:1", now=NOON)
    PaymentIntent.objects.filter(pk=scan.pk).update(status=IntentStatus.PENDING, code_url="weixin://pay/2")
    scene.rows |= {
        "counter basket": basket.number,
        "code of a basket": basket.token,
        "paying basket": paying.number,
        "line of counter basket": str(basket.lines.get().pk),
        "line of paying basket": str(paying.lines.get(kind="return").pk),
        "card": str(card.pk),
    }
    _collect_at_the_counter(scene)
    back = delivered_order(scene.world)
    field = piece_of(back).key
    scene.sent |= {
        "desk/stores/<int:store_id>/pin/": {"password": PASSWORD, "pin": "402917", "again": "402917"},
        f"{counter}add/": {"code": "SHIRT-S"},
        f"{counter}lines/<int:line_id>/": {"quantity": "2"},
        f"{counter}lines/<int:line_id>/discount/": {"mode": "amount", "value": "10", "reason": "线头"},
        f"{counter}member/": {"who": sealing.unseal(MemberFactory.create(brand=scene.world.brand).phone_sealed)},
        f"{counter}enrol/": {"phone": "13912345678", "name": "李雷", "agreed": "on"},
        f"{counter}offers/": {"points": "10"},
        f"{counter}returns/": {
            "q": back.number,
            orders_queries.piece_field(field): "on",
            f"{orders_queries.piece_field(field)}-condition": "resell",
            f"{orders_queries.piece_field(field)}-reason": "too_small",
        },
        f"{counter}send/": {key: CHECKOUT[key] for key in ("contact_name", "phone", "place", "street")},
        f"{counter}seller/": {"staff": str(Staff.objects.get(user=scene.accounts[routes.GUIDE_A]).pk)},
        f"{counter}move/": {"to": "park", "note": "蓝色大衣"},
        f"{counter}begin/": {"seen": "49900"},
        "desk/stores/<int:store_id>/aisle/send/": {"sku": "SHIRT-L"},
        f"{counter}pay/tender/": {
            "method": "cash", "amount": "1", "given": "5", "drawer": str(drawer.pk), "once": str(uuid.UUID(int=1)),
        },
        f"{counter}pay/card/<int:intent_id>/": {"outcome": "declined"},
    }  # fmt: skip


def _collect_at_the_counter(scene: Scene) -> None:
    """Put an order that waits for its shopper into a basket."""
    collecting, waiting = opened_basket(scene.world), waiting_order(scene.world)
    case = put_collection(collecting, waiting)
    scene.rows |= {"basket with collection": collecting.number, "line of basket with collection": str(case.pk)}
    piece = orders_queries.waiting_field(declined(case, 0)[0].key)
    counter = "desk/stores/<int:store_id>/counter/"
    scene.sent |= {
        f"{counter}collect/": {"code": code_of(shares_of(waiting)[0], PickupCodePurpose.SHOPPER)},
        f"{counter}<str:number>/lines/<int:line_id>/keep/": {
            piece: "on", f"{piece}-condition": "resell", f"{piece}-reason": "too_small",
        },
    }  # fmt: skip

"""A copy of one's data, and being forgotten: nothing that says who somebody was is left anywhere."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.files.storage import storages
from django.db import connection
from django.test import Client
from pytest_django import Settings

from members import services as members_services
from members.models import (
    AccountAddress,
    ArrivalNotice,
    ConsentChange,
    Member,
    OrderFeedback,
    Review,
    SizeProfile,
    Wish,
)
from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.accounts.choices import ErasureStatus, HoldReason, KeptReason
from omni.accounts.models import Erasure, ErasureAnswer, User
from omni.kernel import sealing
from omni.kernel.errors import NotFound
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from omni.messages import services as messages_services
from omni.messages.choices import Channel, MessageStatus
from omni.messages.models import Message
from omni.pages import exporting
from omni.pages.models import DataExport, ExportStatus
from orders import services
from orders.models import CounterBasket, Invoice, InvoiceDocument, Order
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.counter import opened_basket
from tests.factories.members import AccountAddressFactory, MemberFactory, WishFactory
from tests.factories.orders import paid_order, placed_order, run_deliveries
from tests.factories.returns import agreed_return, delivered_order
from tests.factories.stores import ClerkFactory
from tests.orders.wechat import Provider
from tests.pages.again import proven, use_folder

pytestmark = pytest.mark.django_db

NAME, PHONE, STREET = "王小雨", "+8613800138000", "南京西路 1 号"
WEEK = NOON + timedelta(days=7)


@pytest.fixture(autouse=True)
def _quiet(settings: Settings, tmp_path: Path) -> None:
    settings.OUTBOX_HINTS = False
    settings.WECHAT_PAY = Provider().settings
    use_folder(settings, tmp_path)


@pytest.fixture
def shopper(world: World) -> User:
    """Return somebody who has left traces in every app; their order is over."""
    user = ShopperUserFactory.create(phone=PHONE, first_name=NAME)
    member = MemberFactory.create(brand=world.brand, user=user, phone=PHONE, name=NAME)
    AccountAddressFactory.create(user=user, recipient=NAME, phone=PHONE, street=STREET)
    WishFactory.create(user=user, variant=world.variants["S"])
    with entry():
        members_services.change_sizes(user.pk, height_cm=168, now=NOON)
        members_services.record_consent(member.pk, ["marketing-sms"], now=NOON)
        messages_services.send_message(
            Channel.SMS,
            to=PHONE,
            template="sign_in",
            language="en",
            parameters={"code": "271828"},
            cause="test",
            now=NOON,
        )
    delivered_order(world, ("S", 1))
    run_deliveries(NOON)
    values = {"brand": world.brand, "member": member, "created_at": NOON, "updated_at": NOON, "editable_until": NOON}
    OrderFeedback.objects.create(owner="order:1", order_stars=5, service_stars=4, text=f"{NAME} 很满意", **values)
    Review.objects.create(
        owner="order_line:1", product=world.product, variant=world.variants["S"], author="王**", stars=5,
        text=f"{NAME} 很满意", **values,
    )  # fmt: skip
    ArrivalNotice.objects.create(
        brand=world.brand, variant=world.variants["M"], member=member, district_id="310106", lat=31.2, lng=121.4,
        phone_sealed=sealing.seal(PHONE), phone_index=sealing.blind_index(PHONE), created_at=NOON, expires_at=WEEK,
        due_at=NOON,
    )  # fmt: skip
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": f"{NAME} iPhone", "credential": {}}
    )
    SocialAccount.objects.create(user=user, provider="weixin", uid="openid-1", extra_data={"nickname": NAME})
    return user


def ask(user: User, now: datetime = NOON) -> int:
    with entry():
        return accounts_services.request_erasure(user.pk, now=now)


def go_through(now: datetime) -> None:
    """Begin what is due, and let everybody answer."""
    accounts_services.drive_due_erasures(now=now)
    run_deliveries(now)


def places_of(needle: str) -> list[str]:
    """Return every table with a row that holds a text, plain or sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE strpos(t::text, %s) > 0', [needle])
            if cursor.fetchone()[0]:
                found.append(table)
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND column_name LIKE '%%_sealed'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" <> %s', [""])
            if any(needle in sealing.unseal(row[0]) for row in cursor.fetchall()):
                found.append(f"{table}.{column}")
    return found


NEEDLES = (NAME, PHONE, "13800138000", STREET, "openid-1")


def test_erasure_leaves_nothing_that_says_who_it_was(shopper: User) -> None:
    index = sealing.blind_index(PHONE)
    assert all(places_of(needle) for needle in (NAME, PHONE, STREET, "openid-1", index))
    erasure = Erasure.objects.get(pk=ask(shopper))

    go_through(WEEK)

    erasure.refresh_from_db()
    assert (erasure.status, erasure.round, erasure.due_at, erasure.finished_at) == (ErasureStatus.DONE, 1, None, WEEK)
    assert {needle: places_of(needle) for needle in (*NEEDLES, index)} == {needle: [] for needle in (*NEEDLES, index)}
    shopper.refresh_from_db()
    assert (shopper.is_active, shopper.phone_index, shopper.has_usable_password()) == (False, None, False)
    assert not AccountAddress.objects.exists()
    assert not Wish.objects.exists()
    assert not SizeProfile.objects.exists()
    assert not Authenticator.objects.exists()
    assert not SocialAccount.objects.exists()
    # What is kept: the sale, the record of consent (taken back now), and the membership's number.
    assert Order.objects.get().total_fen > 0
    assert list(ConsentChange.objects.order_by("pk").values_list("is_given", "source")) == [
        (True, "web"), (False, "erasure"),
    ]  # fmt: skip
    assert Member.objects.get().number
    assert (Review.objects.get().text, Review.objects.get().stars) == ("", 5)
    assert ArrivalNotice.objects.get().status == "stopped"
    assert Message.objects.exclude(status__in=[MessageStatus.SENT, MessageStatus.EXPIRED]).count() == 0
    kept = set(ErasureAnswer.objects.exclude(kept="").values_list("kept", flat=True))
    assert kept == {KeptReason.ORDERS, KeptReason.LEDGER, KeptReason.CONSENT}


def test_baskets_of_a_counter_forget_to_whom_they_were_sent(world: World, shopper: User) -> None:
    basket, of_another = opened_basket(world, "S"), opened_basket(world, "M")
    with entry():
        services.know_member(basket.pk, Member.objects.get().pk, now=NOON)
        for name, row in ((NAME, basket), ("李雷", of_another)):
            services.name_recipient(
                row.pk, name=name, phone="13800138000", district_code="310106", street=STREET, now=NOON
            )
        services.park_basket(basket.pk, note=f"{NAME} 去取钱包", actor="user:1", now=NOON)
    ask(shopper)

    go_through(WEEK)

    assert places_of(NAME) == []
    assert list(CounterBasket.objects.order_by("pk").values_list("recipient_name", "street")) == [
        ("", ""), ("李雷", STREET),
    ]  # fmt: skip


def test_events_of_an_erasure_hold_no_personal_data(shopper: User) -> None:
    ask(shopper)
    go_through(WEEK)

    (payload,) = Event.objects.filter(name="accounts.ErasureRequested").values_list("payload", flat=True)
    assert set(payload) == {"erasure_id", "user_id", "round"}


def test_every_app_that_keeps_persons_answers(shopper: User) -> None:
    ask(shopper)
    go_through(WEEK)

    parts = set(ErasureAnswer.objects.values_list("part", flat=True))
    assert parts == {"stores.erase", "members.erase", "orders.erase", "settlement.erase", "pages.erase"}


def test_erasure_waits_for_its_days_and_can_be_withdrawn(shopper: User) -> None:
    first = ask(shopper)
    assert ask(shopper) == first
    go_through(WEEK - timedelta(seconds=1))
    assert Erasure.objects.get().status == ErasureStatus.REQUESTED

    with entry():
        accounts_services.withdraw_erasure(shopper.pk, now=NOON)
    go_through(WEEK)

    assert Erasure.objects.get().status == ErasureStatus.CANCELLED
    assert places_of(STREET)
    with pytest.raises(accounts_services.NothingToWithdraw), entry():
        accounts_services.withdraw_erasure(shopper.pk, now=NOON)


def test_order_under_way_holds_the_erasure_and_keeps_what_it_needs(world: World, shopper: User) -> None:
    order = paid_order(world, ("S", 1))
    ask(shopper)

    go_through(WEEK)

    erasure = Erasure.objects.get()
    assert (erasure.status, erasure.due_at) == (ErasureStatus.HELD, WEEK + timedelta(days=1))
    assert ErasureAnswer.objects.get(part="orders.erase").held_for == HoldReason.OPEN_ORDERS
    order.refresh_from_db()
    assert order.contact_name == NAME
    shopper.refresh_from_db()
    assert shopper.is_active
    view = accounts_queries.find_erasure(shopper.pk)
    assert view is not None
    assert view.is_held
    assert len(view.held_for) == 1

    with entry():
        Order.objects.filter(pk=order.pk).update(status="cancelled")
    go_through(WEEK + timedelta(days=1))

    erasure.refresh_from_db()
    assert (erasure.status, erasure.round) == (ErasureStatus.DONE, 2)
    assert places_of(NAME) == []


def test_orders_of_a_guest_with_the_phone_are_forgotten_too(world: World, shopper: User) -> None:
    guest = placed_order(world)
    Order.objects.filter(pk=guest.pk).update(status="expired", due_at=None)
    other = placed_order(world, phone="13900000009", contact_name="李雷")
    ask(shopper)
    go_through(WEEK)

    guest.refresh_from_db()
    other.refresh_from_db()
    assert (guest.contact_name, guest.contact_phone_sealed, guest.contact_phone_index) == ("", "", "")
    assert other.contact_name == "李雷"


def test_who_works_here_is_not_forgotten(world: World, shopper: User) -> None:
    clerk = ClerkFactory.create(store=world.stores["A"], user=shopper)
    ask(shopper)
    go_through(WEEK)
    assert ErasureAnswer.objects.get(part="stores.erase").held_for == HoldReason.WORKS_HERE

    clerk.is_active = False
    clerk.save()
    go_through(WEEK + timedelta(days=1))
    assert Erasure.objects.get().status == ErasureStatus.DONE


def test_phone_that_was_forgotten_joins_anew(shopper: User) -> None:
    ask(shopper)
    go_through(WEEK)
    with entry():
        again = accounts_services.join(PHONE, language="en")

    assert again.pk != shopper.pk


def test_sessions_end_with_the_account(client: Client, shopper: User) -> None:
    client.force_login(shopper, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/me/").status_code == 200
    ask(shopper)
    go_through(WEEK)

    assert client.get("/me/").status_code == 302


def test_erasure_is_asked_for_confirmed_and_withdrawn_on_the_page(client: Client, shopper: User) -> None:
    proven(client, shopper)

    assert client.post("/me/data/erase/", {}).status_code == 422
    assert not Erasure.objects.exists()
    assert client.post("/me/data/erase/", {"is_sure": "on"}).headers["Location"] == "/me/data/"
    page = client.get("/me/data/", headers={"accept-language": "en"}).content.decode()
    assert "Until then you can change your mind." in page
    client.post("/me/data/erase/withdraw/")
    assert Erasure.objects.get().status == ErasureStatus.CANCELLED


@pytest.fixture
def copy(shopper: User) -> DataExport:
    """Return a copy that is to be made."""
    with entry():
        exporting.request_export(shopper.pk, language="en", now=NOON)
    return DataExport.objects.get()


def files_of(content: bytes) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        for name in files.namelist():
            yield name, files.read(name).decode("utf-8-sig")


def test_copy_holds_what_every_app_keeps_of_its_owner(
    client: Client, world: World, shopper: User, copy: DataExport
) -> None:
    placed_order(world, phone="13900000009", contact_name="李雷")
    assert exporting.drive_due_exports(now=NOON) == 1
    proven(client, shopper)

    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        proven(client, shopper)
        answer = client.get(f"/me/data/copy/{copy.number}/")

    assert answer.headers["Content-Disposition"] == f'attachment; filename="{copy.number}.zip"'
    files = dict(files_of(answer.getvalue()))
    kept = json.loads(files["data.json"])
    assert kept["account"]["profile"][0]["phone"] == PHONE
    assert kept["account"]["passkeys"][0]["name"] == f"{NAME} iPhone"
    assert kept["members"]["addresses"][0]["street"] == STREET
    assert kept["members"]["sizes"][0]["height_cm"] == 168
    assert kept["members"]["consent"][0]["is_given"] is True
    assert kept["members"]["wishes"][0]["variant__sku"] == "SHIRT-S"
    assert [order["contact"] for order in kept["orders"]["orders"]] == [NAME]
    assert kept["messages"]["messages"]
    assert STREET in files["index.html"]
    assert STREET in files["addresses.csv"]
    assert not any("李雷" in text for text in files.values())


def test_copy_is_fetched_by_its_owner_alone_and_for_some_days(client: Client, shopper: User, copy: DataExport) -> None:
    exporting.drive_due_exports(now=NOON)
    with pytest.raises(NotFound):
        exporting.open_export(ShopperUserFactory.create().pk, copy.number, now=NOON)
    with exporting.open_export(shopper.pk, copy.number, now=NOON) as file:
        assert file.read(2) == b"PK"
    with pytest.raises(NotFound):
        exporting.open_export(shopper.pk, copy.number, now=WEEK)

    exporting.drive_due_exports(now=WEEK)

    copy.refresh_from_db()
    assert (copy.status, copy.file_name, copy.next_attempt_at) == (ExportStatus.REMOVED, "", None)
    assert not storages["private"].exists(f"exports/{copy.number}.zip")


def test_copy_that_cannot_be_made_is_tried_again_later(
    shopper: User, copy: DataExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(exporting, "collect", lambda _user_id: 1 / 0)
        assert exporting.drive_due_exports(now=NOON) == 1
    copy.refresh_from_db()
    assert (copy.status, copy.next_attempt_at) == (ExportStatus.REQUESTED, NOON + timedelta(minutes=2))

    assert exporting.drive_due_exports(now=NOON) == 0
    assert exporting.drive_due_exports(now=NOON + timedelta(minutes=2)) == 1
    copy.refresh_from_db()
    assert copy.status == ExportStatus.READY


def test_copy_is_made_once_though_it_is_asked_for_twice(shopper: User, copy: DataExport) -> None:
    with entry():
        assert exporting.request_export(shopper.pk, language="en", now=NOON) == copy.number
    assert DataExport.objects.count() == 1


def test_copies_go_with_their_owner(shopper: User, copy: DataExport) -> None:
    exporting.drive_due_exports(now=NOON)
    ask(shopper, NOON - timedelta(days=6, hours=23))
    go_through(NOON + timedelta(hours=1))
    exporting.drive_due_exports(now=NOON + timedelta(hours=1))

    copy.refresh_from_db()
    assert copy.status == ExportStatus.REMOVED
    assert not storages["private"].exists(f"exports/{copy.number}.zip")


@pytest.mark.parametrize("address", ["/me/data/copy/", "/me/data/erase/", "/me/data/erase/withdraw/"])
def test_data_are_not_touched_without_a_fresh_proof(client: Client, shopper: User, address: str) -> None:
    client.force_login(shopper, backend="django.contrib.auth.backends.ModelBackend")

    answer = client.post(address, {"is_sure": "on"})

    assert answer.headers["Location"] == "/me/again/?next=%2Fme%2Fdata%2F"
    assert not DataExport.objects.exists()
    assert not Erasure.objects.exists()


def invoice(order: Order, status: str, number: str) -> Invoice:
    return Invoice.objects.create(
        order=order, number=number, title_kind="person", title=NAME, email_sealed=sealing.seal("rain@example.com"),
        status=status, amount_fen=49900, tax_fen=5740, lines=[], requested_at=NOON,
    )  # fmt: skip


def test_invoice_that_was_never_issued_is_forgotten(shopper: User) -> None:
    refused = invoice(Order.objects.get(), "refused", "E-1")
    ask(shopper)
    go_through(WEEK)

    refused.refresh_from_db()
    assert (refused.title, refused.email_sealed) == ("", "")
    assert places_of(NAME) == []


def test_issued_invoice_stays_as_the_law_wants_it_but_for_the_mail(shopper: User) -> None:
    issued = invoice(Order.objects.get(), "issued", "E-1")
    InvoiceDocument.objects.create(
        invoice=issued, kind="blue", serial="1", number="1", pdf_url="https://tax.invalid/1", amount_fen=49900,
        tax_fen=5740, issued_at=NOON,
    )  # fmt: skip
    ask(shopper)
    go_through(WEEK)

    issued.refresh_from_db()
    assert (issued.title, issued.email_sealed) == (NAME, "")
    assert ErasureAnswer.objects.get(part="orders.erase").kept == KeptReason.INVOICES
    assert places_of(PHONE) == []


def test_invoice_under_way_holds_the_erasure(shopper: User) -> None:
    waiting = invoice(Order.objects.get(), "requested", "E-1")
    Invoice.objects.filter(pk=waiting.pk).update(next_attempt_at=NOON)
    ask(shopper)
    go_through(WEEK)

    assert Erasure.objects.get().status == ErasureStatus.HELD


def test_return_under_way_holds_the_erasure(world: World, shopper: User) -> None:
    agreed_return(delivered_order(world, ("S", 1)))
    ask(shopper)

    go_through(WEEK)

    assert Erasure.objects.get().status == ErasureStatus.HELD

"""The counter's basket at the desk: scanned together, priced, with its member, its returns and its discounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fulfillment import services as fulfillment_services
from inventory import queries as inventory_queries
from members import queries as members_queries
from members import services as members_services
from omni.kernel import bilingual, clock
from omni.kernel.errors import DomainError, InvalidInput, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterBasketStatus, CounterLineKind
from orders.forms.counter import (
    AddForm,
    ApprovalForm,
    DiscountForm,
    EnrolForm,
    LineForm,
    MemberForm,
    OffersForm,
    ParkForm,
)
from orders.views.appointments import show_found
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from inventory.models import Variant
    from orders.models import CounterBasket
    from stores.models import Store
    from stores.permissions import Actor

MOST_FOUND = 24
MOST_OFFERED = 6


def store_of(request: HttpRequest, store_id: int) -> tuple[Actor, Store]:
    """Return who stands at a store's counter, and the store.

    :raises NotFound: for somebody who does not work there.
    """
    actor = stores_queries.actor_for_user(request.user)
    return actor, stores_queries.get_desk_store(actor, store_id)


def basket_of(request: HttpRequest, store_id: int, number: str) -> tuple[Actor, CounterBasket]:
    """Return who stands at the counter, and one of its baskets.

    :raises NotFound: for somebody who does not work there, or when the store has no such basket.
    """
    actor = stores_queries.actor_for_user(request.user)
    return actor, queries.counter_basket_of(actor, store_id, number)


def to_basket(basket: CounterBasket) -> HttpResponse:
    """Lead back to a basket."""
    return redirect("orders:counter-basket", basket.store_id, basket.number)


@require_GET
@at_desk
def show_counter(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show the baskets of a store: open, parked, being paid, and those of today; with `q`, where a piece may go."""
    actor, store = store_of(request, store_id)
    cards = queries.counter_baskets(store.pk, now=clock.now())
    groups = [
        (status.value, status.label, [card for card in cards if card.status == status])
        for status in (
            CounterBasketStatus.OPEN,
            CounterBasketStatus.PAYING,
            CounterBasketStatus.PARKED,
            CounterBasketStatus.SETTLED,
        )
    ]
    context = {"store": store, "groups": groups, "has_any": bool(cards), **_offered(request, actor, store, cards)}
    return render(request, "desk/counter_list.html", context)


def _offered(
    request: HttpRequest, actor: Actor, store: Store, cards: Sequence[queries.BasketCard]
) -> dict[str, object]:
    """Return the pieces that were scanned to be sold, and the open baskets that may take them, the person's own first.

    Nothing is put anywhere before a button is touched.
    """
    form = AddForm({"code": request.GET.get("q", "")})
    if not form.is_valid():
        return {}
    found = inventory_queries.find_for_sale(store.brand_id, form.cleaned_data["code"])[:MOST_FOUND]
    here = inventory_queries.sellable_here(store.pk, [variant.pk for variant in found])
    mine = actor.staff_id_in(store.pk)
    baskets = [card for card in cards if card.status == CounterBasketStatus.OPEN]
    return {
        "asked": form.cleaned_data["code"],
        "pieces": [(variant, here.get(variant.pk, 0)) for variant in found],
        "baskets": sorted(baskets, key=lambda card: card.staff_id != mine)[:MOST_OFFERED],
        "has_own": any(card.staff_id == mine for card in baskets),
    }


@require_POST
@at_desk
@once
def open_basket(request: HttpRequest, store_id: int) -> HttpResponse:
    """Open a basket, and put what was scanned into it at once."""
    actor, store = store_of(request, store_id)
    staff_id = actor.staff_id_in(store.pk)
    if staff_id is None:
        raise NotFound
    form, now = AddForm(request.POST), clock.now()
    try:
        with entry():
            basket = services.open_counter_basket(store.pk, staff_id=staff_id, now=now)
            if form.is_valid():
                services.add_to_counter(basket.pk, form.cleaned_data["code"], kind=form.cleaned_data["kind"], now=now)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("orders:counter", store.pk)
    return to_basket(basket)


@require_GET
@at_desk
def show_basket(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show a basket; one that is being paid, or was, shows its payment."""
    _actor, basket = basket_of(request, store_id, number)
    if basket.status in {CounterBasketStatus.PAYING, CounterBasketStatus.SETTLED}:
        return redirect("orders:counter-pay", store_id, number)
    return page_of(request, basket)


def page_of(request: HttpRequest, basket: CounterBasket, **changes: Any) -> HttpResponse:  # noqa: ANN401  context
    """Return a basket's page; a form that was refused stands on it with what is wrong."""
    now = clock.now()
    page = queries.load_counter(basket, now=now)
    context: dict[str, Any] = {
        "store": basket.store,
        "basket": basket,
        "page": page,
        "member": members_queries.counter_member(basket.member_id, now=now) if basket.member_id else None,
        "staff": stores_queries.staff_of_store(basket.store_id),
        "add": AddForm(),
        "who": MemberForm(),
        "offers": OffersForm(),
        "park": ParkForm(),
        "is_open": basket.status == CounterBasketStatus.OPEN,
        "kinds": CounterLineKind,
        **changes,
    }
    return render(request, "desk/counter_basket.html", context, status=422 if changes.get("is_refused") else 200)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def add_product(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Put what was scanned into a basket; of a style, or of what is not known, show what to choose from."""
    actor, basket = basket_of(request, store_id, number)
    is_sent = request.method == "POST"
    form = AddForm(request.POST if is_sent else request.GET)
    if not form.is_valid():
        return page_of(request, basket, add=form, is_refused=is_sent)
    found = inventory_queries.find_for_sale(basket.brand_id, form.cleaned_data["code"])
    if not found and is_sent and form.is_pickup_code:
        return _collect(request, actor, basket, form)
    if not found:
        form.add_error("code", _("Nothing on sale has this code."))
        return page_of(request, basket, add=form, is_refused=is_sent)
    if len(found) > 1 or not is_sent:
        here = inventory_queries.sellable_here(basket.store_id, [variant.pk for variant in found])
        choices = [(variant, here.get(variant.pk, 0)) for variant in found[:MOST_FOUND]]
        context = {"store": basket.store, "basket": basket, "choices": choices, "kind": form.cleaned_data["kind"]}
        return render(request, "desk/counter_choose.html", context)
    try:
        with entry():
            services.add_to_counter(basket.pk, found[0].sku, kind=form.cleaned_data["kind"], now=clock.now())
        messages.success(request, _titled(found[0]))
    except InvalidInput as error:
        form.add_error("code", error.message)
        return page_of(request, basket, add=form, is_refused=True)
    except DomainError as error:
        messages.error(request, error.message)
    return to_basket(basket)


def _titled(variant: Variant) -> str:
    color = bilingual.pick(variant.color_zh, variant.color_en)
    return f"{bilingual.name_of(variant.product)} · {color} · {variant.size}"


def _collect(request: HttpRequest, actor: Actor, basket: CounterBasket, form: AddForm) -> HttpResponse:
    """Put what a shopper's code gives out into a basket; of two orders with the same digits the name tells which."""
    code, now = form.cleaned_data["code"], clock.now()
    try:
        shown = fulfillment_services.drive_find_by_code(basket.store_id, code, actor=actor.label, now=now)
        if len(shown) > 1:
            numbers = [row.number for row in shown]
            return show_found(request, actor, basket.store, numbers, digits="".join(code.split()), basket=basket)
        with entry():
            services.collect_at_counter(basket.pk, shown[0], now=now)
    except InvalidInput as error:
        form.add_error("code", error.message)
        return page_of(request, basket, add=form, is_refused=True)
    except DomainError as error:
        messages.error(request, error.message)
    return to_basket(basket)


@require_POST
@at_desk
@once
def change_line(request: HttpRequest, store_id: int, number: str, line_id: int) -> HttpResponse:
    """Change how many units a line has, their size or colour, or whether they are sent; none removes it.

    What is sent instead of what is not here leads on to whom, as long as nobody is named.
    """
    _actor, basket = basket_of(request, store_id, number)
    form = LineForm(request.POST)
    if not form.is_valid():
        return page_of(request, basket, line_id=line_id, line_errors=form.errors, is_refused=True)
    values, now = form.cleaned_data, clock.now()
    try:
        with entry():
            if values["instead"]:
                basket = services.send_line_instead(basket.pk, line_id, now=now)
            elif values["sku"]:
                services.swap_counter_line(basket.pk, line_id, values["sku"], now=now)
            elif values["kind"]:
                services.send_counter_line(basket.pk, line_id, values["kind"], now=now)
            elif values["quantity"] is not None:
                services.change_counter_line(basket.pk, line_id, values["quantity"], now=now)
    except InvalidInput as error:
        return page_of(request, basket, line_id=line_id, line_errors={error.field: [error.message]}, is_refused=True)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return to_basket(basket)
    if values["instead"] and not basket.recipient_name:
        return redirect("orders:counter-send", store_id, number)
    return to_basket(basket)


@require_GET
@at_desk
def show_sizes(request: HttpRequest, store_id: int, number: str, line_id: int) -> HttpResponse:
    """Show the sizes and colours that a line may have instead."""
    _actor, basket = basket_of(request, store_id, number)
    line = (
        basket.lines.filter(pk=line_id, variant__isnull=False)
        .exclude(kind=CounterLineKind.RETURN)
        .select_related("variant__product")
        .first()
    )
    if line is None or line.variant is None or not line.quantity:
        raise NotFound
    found = inventory_queries.find_for_sale(basket.brand_id, line.variant.product.code)
    here = inventory_queries.sellable_here(basket.store_id, [variant.pk for variant in found])
    choices = [(variant, here.get(variant.pk, 0)) for variant in found]
    context = {"store": basket.store, "basket": basket, "choices": choices, "line": line}
    return render(request, "desk/counter_choose.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def discount_line(request: HttpRequest, store_id: int, number: str, line_id: int) -> HttpResponse:
    """Take something off a line with a reason; above the brand's limit a manager approves it here and now."""
    actor, basket = basket_of(request, store_id, number)
    page = queries.load_counter(basket, now=clock.now())
    line = next((row for row in page.lines if row.id == line_id and row.kind != CounterLineKind.RETURN), None)
    if line is None:
        raise NotFound
    form = DiscountForm(request.POST or None)
    is_refused = request.method == "POST"
    if request.method == "POST" and "clear" in request.POST:
        with told(request, _("The discount is taken off.")), entry():
            services.discount_counter_line(basket.pk, line_id, None, approved_by=None, now=clock.now())
        return to_basket(basket)
    if request.method == "POST" and form.is_valid():
        cut = form.cleaned_data["cut"]

        def apply(approved_by: int | None) -> None:
            services.discount_counter_line(basket.pk, line_id, cut, approved_by=approved_by, now=clock.now())

        if with_approval(request, actor, basket, form, apply):
            return to_basket(basket)
    context = {
        "store": basket.store,
        "basket": basket,
        "line": line,
        "form": form,
        "needs_manager": is_refused and form.has_error("value", "manager_needed"),
        "approvers": stores_queries.approvers(basket.store_id),
        "limit": basket.brand.manual_discount_ppm // 10_000,
    }
    return render(request, "desk/counter_discount.html", context, status=422 if is_refused else 200)


def with_approval(
    request: HttpRequest,
    actor: Actor,
    basket: CounterBasket,
    form: ApprovalForm,
    apply: Callable[[int | None], None],
) -> bool:
    """Do what may need a manager: the person is one, or one proves it on the form; tell whether it was done.

    What is wrong stands on the form.
    """
    approved_by = None
    if basket.store_id in actor.store_ids(stores_choices.Role.MANAGER):
        approved_by = actor.staff_id_in(basket.store_id)
    values = form.cleaned_data
    try:
        if approved_by is None and values["pin"]:
            approved_by = services.drive_approve_by_pin(
                basket.store_id,
                staff_id=values["approver"] or 0,
                pin=values["pin"],
                asked_by=actor.label,
                now=clock.now(),
            )
        elif approved_by is None and values["manager"]:
            approved_by = services.approve_as_manager(
                basket.store_id, username=values["manager"], password=values["password"], asked_by=actor.label
            )
        with entry():
            apply(approved_by)
    except NotFound:
        raise
    except DomainError as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, coded(error))
        return False
    return True


def coded(error: DomainError) -> ValidationError:
    """Return a refusal as a form's error that keeps its code."""
    return ValidationError(error.message, code=error.code)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def know_member(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Find whose basket it is by their code or phone; a phone nobody has joined with may be enrolled here."""
    _actor, basket = basket_of(request, store_id, number)
    if request.method == "POST" and "forget" in request.POST:
        with told(request, _("The basket is nobody's now.")), entry():
            services.know_member(basket.pk, None, now=clock.now())
        return to_basket(basket)
    form = MemberForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return page_of(request, basket, who=form, is_refused=request.method == "POST")
    who, now = form.cleaned_data["who"], clock.now()
    try:
        member_id = _find_member(basket.brand_id, who, now)
        if member_id is None:
            return _ask_to_join(request, basket, EnrolForm(initial={"phone": who}), status=200)
        with entry():
            services.know_member(basket.pk, member_id, now=now)
    except DomainError as error:
        form.add_error("who", error.message)
        return page_of(request, basket, who=form, is_refused=True)
    return to_basket(basket)


@require_POST
@at_desk
@once
def enrol_member(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Make somebody a member on the spot, with what they agree to."""
    _actor, basket = basket_of(request, store_id, number)
    form = EnrolForm(request.POST)
    if form.is_valid():
        values, now = form.cleaned_data, clock.now()
        try:
            with entry():
                member_id = members_services.enrol_at_store(
                    basket.store_id,
                    phone=values["phone"],
                    name=values["name"],
                    has_agreed=values["agreed"],
                    given=form.given,
                    now=now,
                )
                services.know_member(basket.pk, member_id, now=now)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, coded(error))
        else:
            messages.success(request, _("Welcome! They are a member now."))
            return to_basket(basket)
    return _ask_to_join(request, basket, form, status=422)


def _find_member(brand_id: int, who: str, now: datetime) -> int | None:
    """Return a member by the code on their phone, or by the phone; None when nobody has joined with that phone.

    :raises InvalidInput: when it is neither.
    """
    try:
        return members_queries.get_member_by_code(brand_id, who, now=now).pk
    except NotFound:
        pass
    try:
        return members_queries.find_by_phone(brand_id, who)
    except InvalidInput as error:
        message = _("That is no phone number, and no code that is good now. A member's code changes every minute.")
        raise InvalidInput(message, field="who") from error


def _ask_to_join(request: HttpRequest, basket: CounterBasket, form: EnrolForm, *, status: int) -> HttpResponse:
    context = {"store": basket.store, "basket": basket, "form": form}
    return render(request, "desk/counter_enrol.html", context, status=status)


@require_POST
@at_desk
@once
def choose_offers(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Use the member's coupons and points, or no more of them."""
    _actor, basket = basket_of(request, store_id, number)
    form = OffersForm(request.POST)
    if form.is_valid():
        try:
            with entry():
                services.choose_counter_offers(basket.pk, form.codes, form.cleaned_data["points"] or 0, now=clock.now())
        except DomainError as error:
            form.add_error("points" if error.field == "points" else "coupon_code", coded(error))
        else:
            return to_basket(basket)
    return page_of(request, basket, offers=form, is_refused=True)

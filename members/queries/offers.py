"""What a basket gets off: the brand's promotions, the member's coupons and points, by the rules of offers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory import queries as inventory_queries
from members import sql
from members.choices import AdjustmentKind, CouponStatus
from members.models import Coupon, CouponTemplate, Member, OfferUse, PointsAccount, PointsProgram
from members.queries.words import describe_benefit
from members.rules import coupons as coupon_rules
from members.rules import offers as rules
from members.rules.offers import Adjustment, OfferLine, PointsTerms, Terms
from omni.kernel import bilingual
from omni.kernel.errors import InvalidInput
from omni.kernel.money import format_fen
from omni.kernel.statements import execute_prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

MOST_COUPONS_SHOWN = 50
MOST_COUPONS_USED = 5


class UnknownCoupon(InvalidInput):
    """The member has no such coupon of this brand."""

    code = "coupon_unknown"


class CouponNotUsable(InvalidInput):
    """The coupon is used, expired, or not for this basket; the message says why."""

    code = "coupon_not_usable"


class CouponsDoNotStack(InvalidInput):
    """Two of the coupons may not be used together."""

    code = "coupons_do_not_stack"


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """A basket of one brand. `points`: how many the shopper wants to spend; fewer are used when not all may be."""

    brand_id: int
    member_id: int | None
    channel: str
    store_id: int | None
    lines: tuple[OfferLine, ...]
    coupon_codes: tuple[str, ...] = ()
    points: int = 0


@dataclass(frozen=True, slots=True)
class CouponView:
    """A member's coupon beside a basket: whether it is used, else what it would take off or why it cannot."""

    coupon_id: int
    code: str
    name: str
    terms: str
    expires_at: datetime
    is_used: bool = False
    amount_fen: int = 0
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is taken off a basket, and what the page shows beside it."""

    adjustments: tuple[Adjustment, ...] = ()
    coupons: tuple[CouponView, ...] = ()
    points_available: int = 0
    points_used: int = 0
    points_fen: int = 0
    points_most: int = 0
    point_value_fen: int = 0

    @property
    def total_fen(self) -> int:
        """Return what is taken off in all."""
        return sum(adjustment.amount_fen for adjustment in self.adjustments)

    def line_fen(self, position: int) -> int:
        """Return what is taken off one line."""
        return sum(item.amount_fen for item in self.adjustments if item.position == position)


@dataclass(frozen=True, slots=True)
class _Held:
    """A coupon that its member could use now, with its terms."""

    coupon: Coupon
    terms: Terms


def offer_for(request: OfferRequest, *, now: datetime) -> Offer:
    """Return what the basket gets off: member price, promotions, the coupons asked for, points; nothing is changed.

    :raises UnknownCoupon, CouponNotUsable, CouponsDoNotStack: naming the field "coupon".
    :raises InvalidInput: with field "points", when fewer than none are asked for.
    """
    if request.points < 0:
        raise InvalidInput(gettext_lazy("Choose how many points to spend."), field="points")
    if not request.lines:
        return Offer()
    promotions, held = _promotions(request, now), _held_coupons(request, now)
    held, promotions = _expand(held, promotions)
    wanted = _wanted(request, held, now)
    is_member = request.member_id is not None
    _check_usable(request, wanted, promotions)
    points = _points(request)
    adjustments, used = rules.build(
        request.lines,
        is_member=is_member,
        promotions=promotions,
        coupons=[item.terms for item in wanted],
        points=points,
    )
    return Offer(
        adjustments=adjustments,
        coupons=_views(request, held, wanted, promotions),
        points_available=points.available if points else 0,
        points_used=used,
        points_fen=used * points.value_fen if points else 0,
        points_most=_most_points(request, adjustments, points) if points else 0,
        point_value_fen=points.value_fen if points else 0,
    )


def normalise_code(text: str) -> str:
    """Return a coupon's code as it is stored, however its groups were typed."""
    symbols = "".join(character for character in text.upper() if character.isalnum())[:40]
    return "-".join(symbols[start : start + 5] for start in range(0, len(symbols), 5))


def _promotions(request: OfferRequest, now: datetime) -> list[Terms]:
    """Return the promotions that run for this channel, store and shopper, and are not used up."""
    values = {"brand_id": request.brand_id, "channel": request.channel, "store_id": request.store_id, "now": now}
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.RUNNING_PROMOTIONS, values)
        rows = cursor.fetchall()
    limits = {key: limit for key, *_columns, limit in rows if limit is not None}
    barred = _used_up_by(request.member_id, limits) if limits else frozenset()
    return [_promotion_terms(*columns) for *columns, _limit in rows if columns[0] not in barred]


def _used_up_by(member_id: int | None, limits: Mapping[int, int]) -> Collection[int]:
    """Return those promotions that the member used as often as they may; without a member, all with such a limit."""
    if member_id is None:
        return limits.keys()
    uses = OfferUse.objects.filter(promotion__in=limits, member=member_id, given_back_at=None)
    used = Counter(uses.values_list("promotion_id", flat=True))
    return {key for key, limit in limits.items() if used[key] >= limit}


def _promotion_terms(key: int, *columns: Any) -> Terms:  # noqa: ANN401  the driver's
    """Return the terms of a row of `sql.RUNNING_PROMOTIONS`."""
    name_zh, name_en, benefit, amount_fen, percent_ppm, cap_fen, threshold_fen, threshold_units = columns[:8]
    category_ids, product_ids, excludes_marked_down, group, is_exclusive, priority, ppms = columns[8:]
    return Terms(
        source=f"{AdjustmentKind.PROMOTION.value}:{key}",
        kind=AdjustmentKind.PROMOTION.value,
        name_zh=name_zh,
        name_en=name_en,
        benefit=benefit,
        amount_fen=amount_fen or 0,
        percent_ppm=percent_ppm or 0,
        cap_fen=cap_fen,
        threshold_fen=threshold_fen,
        threshold_units=threshold_units,
        category_ids=frozenset(category_ids),
        product_ids=frozenset(product_ids),
        excludes_marked_down=excludes_marked_down,
        group=group,
        is_exclusive=is_exclusive,
        priority=priority,
        funders=rules.funders_of(ppms),
    )


def _held_coupons(request: OfferRequest, now: datetime) -> list[_Held]:
    """Return the coupons that the member can use now, in this place or not, those that end first first."""
    if request.member_id is None:
        return []
    usable = Coupon.objects.filter(
        member=request.member_id, template__brand=request.brand_id, status=CouponStatus.ISSUED, expires_at__gt=now
    )
    rows = usable.select_related("template").order_by("expires_at", "pk")[:MOST_COUPONS_SHOWN]
    return [_Held(coupon, _coupon_terms(coupon)) for coupon in rows]


def _coupon_terms(coupon: Coupon) -> Terms:
    row: CouponTemplate = coupon.template
    return Terms(
        source=f"{AdjustmentKind.COUPON.value}:{coupon.pk}",
        kind=AdjustmentKind.COUPON.value,
        name_zh=row.name_zh,
        name_en=row.name_en,
        benefit=row.benefit,
        amount_fen=row.amount_fen or 0,
        percent_ppm=row.percent_ppm or 0,
        cap_fen=row.cap_fen,
        threshold_fen=row.threshold_fen,
        threshold_units=row.threshold_units,
        category_ids=frozenset(row.category_ids),
        product_ids=frozenset(row.product_ids),
        excludes_marked_down=row.excludes_marked_down,
        group=row.group,
        is_exclusive=row.is_exclusive,
        priority=row.priority,
        funders=row.funders,
    )


def _expand(held: list[_Held], promotions: list[Terms]) -> tuple[list[_Held], list[Terms]]:
    """Let every scope of categories hold their children too."""
    if not any(terms.category_ids for terms in (*promotions, *(item.terms for item in held))):
        return held, promotions
    parents = {category.pk: category.parent_id for category in inventory_queries.categories()}

    def with_children(terms: Terms) -> Terms:
        wanted = set(terms.category_ids)
        while more := {key for key, parent in parents.items() if parent in wanted} - wanted:
            wanted |= more
        return replace(terms, category_ids=frozenset(wanted))

    return [_Held(item.coupon, with_children(item.terms)) for item in held], [with_children(row) for row in promotions]


def _wanted(request: OfferRequest, held: Sequence[_Held], now: datetime) -> list[_Held]:
    """Return the coupons that were asked for.

    :raises UnknownCoupon, CouponNotUsable: one of them is not the member's to use.
    """
    codes = dict.fromkeys(normalise_code(code) for code in request.coupon_codes if code.strip())
    if codes and request.member_id is None:
        raise CouponNotUsable(gettext_lazy("Sign in and join the brand to use a coupon."), field="coupon")
    if len(codes) > MOST_COUPONS_USED:
        raise CouponsDoNotStack(gettext_lazy("Those coupons cannot be used together."), field="coupon")
    by_code = {item.coupon.code: item for item in held}
    return [by_code.get(code) or _other_coupon(request, code, now) for code in codes]


def _other_coupon(request: OfferRequest, code: str, now: datetime) -> _Held:
    """Find a coupon that is not among those shown, or refuse it in words that say why."""
    own = Coupon.objects.filter(member=request.member_id, template__brand=request.brand_id, code=code)
    coupon = own.select_related("template").first()
    if coupon is None:
        raise UnknownCoupon(gettext_lazy("You have no such coupon."), field="coupon")
    if coupon.status == CouponStatus.USED:
        raise CouponNotUsable(gettext_lazy("This coupon has been used."), field="coupon")
    if coupon.status == CouponStatus.REVOKED:
        raise CouponNotUsable(gettext_lazy("This coupon was withdrawn."), field="coupon")
    if coupon.status == CouponStatus.EXPIRED or coupon.expires_at <= now:
        raise CouponNotUsable(gettext_lazy("This coupon has expired."), field="coupon")
    [item], _none = _expand([_Held(coupon, _coupon_terms(coupon))], [])
    return item


def _check_usable(request: OfferRequest, wanted: Sequence[_Held], promotions: Sequence[Terms]) -> None:
    """Check that the coupons go together, and that each takes something off.

    :raises CouponsDoNotStack, CouponNotUsable: naming the field "coupon".
    """
    if not wanted:
        return
    if coupon_rules.clash([item.terms for item in wanted]):
        raise CouponsDoNotStack(gettext_lazy("Those coupons cannot be used together."), field="coupon")
    rest = _rest_before_coupons(request, wanted, promotions)
    for item in sorted(wanted, key=lambda held: held.terms.rank):
        reason = _why_not(request, item, promotions, rest)
        if reason:
            raise CouponNotUsable(reason, field="coupon")
        rest = tuple(a - b for a, b in zip(rest, rules.take(item.terms, request.lines, rest), strict=True))


def _rest_before_coupons(
    request: OfferRequest, wanted: Sequence[_Held], promotions: Sequence[Terms]
) -> tuple[int, ...]:
    """Return what is left of the lines when coupons come to be looked at."""
    is_alone = any(item.terms.is_exclusive for item in wanted)
    return coupon_rules.rest_before(
        request.lines, is_member=request.member_id is not None, promotions=() if is_alone else promotions
    )


def _why_not(request: OfferRequest, item: _Held, promotions: Sequence[Terms], rest: Sequence[int]) -> str:
    """Return why a coupon takes nothing off here, in words; empty when it does."""
    template = item.coupon.template
    if template.channels and request.channel not in template.channels:
        return _("Not for this way of buying")
    if template.store_ids and request.store_id not in template.store_ids:
        return _("Only in certain stores")
    missing = rules.shortfall(item.terms, request.lines, rest)
    if missing is not None:
        return _missing_text(missing)
    if item.terms.is_exclusive and coupon_rules.is_worse_alone(item.terms, request.lines, rest, promotions):
        return _("The offers you get anyway take off more")
    return ""


def _missing_text(missing: rules.Shortfall) -> str:
    """Return what is missing to use a coupon."""
    if missing.missing_fen:
        return _("%(amount)s more to use it") % {"amount": format_fen(missing.missing_fen)}
    if missing.missing_units:
        return _("%(count)s more items to use it") % {"count": missing.missing_units}
    return _("Not for these items")


def _views(
    request: OfferRequest, held: Sequence[_Held], wanted: Sequence[_Held], promotions: Sequence[Terms]
) -> tuple[CouponView, ...]:
    """Return every coupon of the member as a page shows it beside the basket."""
    if not held and not wanted:
        return ()
    used = {item.coupon.pk for item in wanted}
    chosen = [item.terms for item in wanted]
    plain = coupon_rules.rest_before(request.lines, is_member=True, promotions=promotions)
    alone = coupon_rules.rest_before(request.lines, is_member=True, promotions=())
    views = []
    for item in (*(row for row in wanted if row not in held), *held):
        rest = alone if item.terms.is_exclusive else plain
        is_used = item.coupon.pk in used
        why_not = "" if is_used else _why_not(request, item, promotions, rest)
        if not is_used and not why_not and coupon_rules.clash([*chosen, item.terms]):
            why_not = _("Not together with the coupon you chose")
        amount_fen = 0 if why_not else sum(rules.take(item.terms, request.lines, rest))
        views.append(_view(item.coupon, is_used=is_used, amount_fen=amount_fen, why_not=why_not))
    return tuple(views)


def _view(coupon: Coupon, *, is_used: bool, amount_fen: int, why_not: str) -> CouponView:
    template: CouponTemplate = coupon.template
    return CouponView(
        coupon_id=coupon.pk,
        code=coupon.code,
        name=bilingual.name_of(template),
        terms=describe_benefit(template),
        expires_at=coupon.expires_at,
        is_used=is_used,
        amount_fen=amount_fen,
        why_not=why_not,
    )


def _points(request: OfferRequest) -> PointsTerms | None:
    """Return what the member's points may pay; None without a member or a program."""
    if request.member_id is None or not Member.objects.filter(pk=request.member_id, brand=request.brand_id).exists():
        return None
    program = PointsProgram.objects.filter(brand=request.brand_id).first()
    if program is None:
        return None
    account = PointsAccount.objects.filter(member=request.member_id).first()
    available = account.available if account else 0
    return PointsTerms(program.point_value_fen, program.most_share_ppm, available, request.points)


def _most_points(request: OfferRequest, adjustments: Sequence[Adjustment], points: PointsTerms) -> int:
    """Return how many points the member could spend on this basket."""
    rest = list(rules.gross_of(request.lines))
    for adjustment in adjustments:
        if adjustment.kind != AdjustmentKind.POINTS:
            rest[adjustment.position] -= adjustment.amount_fen
    return rules.spend_points(replace(points, wanted=points.available), request.lines, rest)[0]

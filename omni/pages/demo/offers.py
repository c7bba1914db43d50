"""What the demo's brands take off their prices, and the coupons, points and tiers of their members."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from omni.kernel import numbers
from omni.pages.demo.copying import Table

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from omni.pages.demo.brands import DemoBrand

RETURN_DAYS = 7
FEN_PER_POINT = 100
# Of each brand's members so many, the first, have something in every list.
RICH_MEMBERS = 40
TIERS = (
    ("classic", "普卡", "Classic", 0, 1_000_000, "积分抵现", "Points pay part of a purchase"),
    ("silver", "银卡", "Silver", 200_000, 1_200_000, "1.2 倍积分，生日礼券", "1.2 times the points, a birthday coupon"),
    ("gold", "金卡", "Gold", 800_000, 1_500_000, "1.5 倍积分，免费改衣", "1.5 times the points, free alterations"),
)
_TERMS = (
    *("brand_id", "name_zh", "name_en", "benefit", "amount_fen", "percent_ppm", "cap_fen", "threshold_fen"),
    *("threshold_units", "category_ids", "product_ids", "excludes_marked_down", "channels", "store_ids", "valid"),
    *("group", "is_exclusive", "priority", "brand_ppm", "store_ppm", "mall_ppm", "platform_ppm", "total_limit"),
    *("per_member_limit", "is_running", "created_at"),
)


def _neat(amount_fen: int | None) -> int | None:
    """Return an amount in steps of five yuan."""
    return None if amount_fen is None else max(500, amount_fen // 500 * 500)


class Membership(NamedTuple):
    """A member of a brand, and when they joined."""

    member_id: int
    brand_id: int
    joined_at: datetime


class Offers:
    """Collects promotions, coupon templates, coupons and points."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self.dice = dice
        self.now = now
        self.promotions = Table("members_promotion", *_TERMS, "used_count")
        self.templates = Table(
            "members_coupontemplate",
            *(*_TERMS, "validity_days", "is_claimable", "is_welcome", "public_code", "restore_policy", "extra_days"),
            "issued_count",
        )
        self.tallies = Table("members_coupontally", "template_id", "member_id", "issued_count")
        self.coupons = Table(
            "members_coupon", "template_id", "member_id", "code", "status", "issued_at", "expires_at", "used_at"
        )
        self.programs = Table(
            "members_pointsprogram",
            *("brand_id", "fen_per_point", "point_value_fen", "most_share_ppm"),
        )
        self.tiers = Table(
            "members_tier",
            *("brand_id", "code", "name_zh", "name_en", "threshold_fen", "earn_ppm", "benefits_zh", "benefits_en"),
        )
        self.accounts = Table("members_pointsaccount", "member_id", "pending", "available", "spent", "owed")
        self.grants = Table(
            "members_pointsgrant",
            *("account_id", "cause", "amount_fen", "points", "reversed_fen", "reversed_points", "available_at"),
            *("matured_at", "created_at"),
        )
        self.entries = Table(
            "members_pointsentry",
            *("account_id", "kind", "cause", "pending", "available", "spent", "owed", "spend_fen", "booked_at"),
        )

    def tables(self) -> list[Table]:
        """Return the tables in the order in which they must be loaded."""
        return [
            self.programs, self.tiers, self.promotions, self.templates, self.tallies, self.coupons, self.accounts,
            self.grants, self.entries,
        ]  # fmt: skip

    def add_brand(self, brand: DemoBrand, brand_id: int, categories: dict[str, int], members: list[Membership]) -> None:
        """Add a brand's program, tiers, promotions and coupons, and what its members have of them."""
        self.programs.add((brand_id, FEN_PER_POINT, 1, 300_000))
        for tier in TIERS:
            self.tiers.add((brand_id, *tier))
        base = 20_000 * brand.price_percent // 100 // 5000 * 5000
        saving = self._terms(brand_id, "换季满减", "Season's saving", 3 * base, amount_fen=base // 4, group="season")
        two = self._terms(brand_id, "两件九折", "Two for 10% off", 0, percent_ppm=100_000, units=2, group="season")
        self.promotions.add((*saving, 0))
        self.promotions.add((*two, 0))
        self._add_coupons(brand, brand_id, base, categories[next(iter(brand.range))], members)
        for number, member in enumerate(members):
            if number < RICH_MEMBERS or self.dice.random() < 0.3:
                self._add_points(member)

    def _add_coupons(
        self, brand: DemoBrand, brand_id: int, base: int, category_id: int, members: list[Membership]
    ) -> None:
        """Add a welcome coupon, two of the coupon centre, and one for a code; some members have some."""
        welcome = self._terms(brand_id, "新人礼券", "Welcome coupon", base, amount_fen=base // 5, each=1)
        season = self._terms(brand_id, "秋冬满减券", "Autumn and winter coupon", 2 * base, amount_fen=base // 4, each=1)
        special = self._terms(
            brand_id, "品类折扣券", "Category coupon", 0,
            percent_ppm=150_000, cap_fen=base // 2, categories=[category_id], total=500, each=1,
        )  # fmt: skip
        coded = self._terms(brand_id, "口令券", "Code coupon", base, amount_fen=base // 10, group="gift", each=1)
        newest = [member for member in members if member.joined_at > self.now - timedelta(days=25)]
        self._add_template((*welcome, 30, False, True, ""), [(member, member.joined_at, 30) for member in newest])
        for terms, days, step in ((season, None, 2), (special, 14, 3)):
            taken = [(member, self._claimed_at(member), days or 60) for member in members[:RICH_MEMBERS:step]]
            self._add_template((*terms, days, True, False, ""), taken)
        self._add_template((*coded, 7, False, False, f"{brand.prefix}2026"), [])

    def _terms(
        self, brand_id: int, name_zh: str, name_en: str, threshold_fen: int, *, amount_fen: int | None = None,
        percent_ppm: int | None = None, cap_fen: int | None = None, units: int = 0, group: str = "",
        categories: list[int] | None = None, total: int | None = None, each: int | None = None,
    ) -> tuple[object, ...]:  # fmt: skip
        valid = f"[{(self.now - timedelta(days=60)).isoformat()},{(self.now + timedelta(days=60)).isoformat()})"
        benefit = "amount" if percent_ppm is None else "percent"
        return (
            brand_id, name_zh, name_en, benefit, _neat(amount_fen), percent_ppm, _neat(cap_fen), threshold_fen, units,
            categories or [], [], False, [], [], valid, group, False, 0, 1_000_000, 0, 0, 0, total, each, True,
            self.now - timedelta(days=60),
        )  # fmt: skip

    def _claimed_at(self, member: Membership) -> datetime:
        return max(member.joined_at, self.now - timedelta(days=self.dice.randrange(1, 40)))

    def _add_template(self, values: tuple[object, ...], issued: list[tuple[Membership, datetime, int]]) -> None:
        """Add a template and its coupons: (member, when it was issued, for how many days)."""
        template_id = self.templates.add((*values, "restore", 7, len(issued)))
        for member, issued_at, days in issued:
            expires_at = issued_at + timedelta(days=days)
            status = "issued" if expires_at > self.now else "expired"
            code = numbers.public_number("C")
            self.coupons.add((template_id, member.member_id, code, status, issued_at, expires_at, None))
            self.tallies.add((template_id, member.member_id, 1))

    def _add_points(self, member: Membership) -> None:
        """Add what a member bought: the newest may be pending still."""
        first_day = (self.now - member.joined_at).days
        days = sorted(
            {self.dice.randrange(0, max(1, min(first_day, 360))) for _sale in range(self.dice.randrange(1, 7))},
            reverse=True,
        )
        pending = available = 0
        account_id = self.accounts.next_id
        for number, day in enumerate(days):
            at = self.now - timedelta(days=day, minutes=self.dice.randrange(60, 1440))
            amount_fen = self.dice.randrange(9_900, 169_900)
            points, ripe_at = amount_fen // FEN_PER_POINT, at + timedelta(days=RETURN_DAYS)
            cause = f"demo:{member.member_id}:{number}"
            is_ripe = ripe_at <= self.now
            matured_at = ripe_at if is_ripe else None
            self.grants.add((account_id, cause, amount_fen, points, 0, 0, ripe_at, matured_at, at))
            self.entries.add((account_id, "earned", cause, points, 0, 0, 0, amount_fen, at))
            if is_ripe:
                self.entries.add((account_id, "matured", f"{cause}:matured", -points, points, 0, 0, 0, ripe_at))
            pending, available = pending + (0 if is_ripe else points), available + (points if is_ripe else 0)
        self.accounts.add((member.member_id, pending, available, 0, 0))

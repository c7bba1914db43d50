"""Reads of brands, places, stores, and of who may see them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.db.models import Case, Count, Exists, F, FloatField, Func, OuterRef, Q, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Concat, Replace
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omni.kernel import bilingual, clock, geo
from omni.kernel.errors import InvalidInput, NotFound
from stores import rules
from stores.choices import Collector, Role, Service, StoreKind
from stores.models import NO_DISTRICT, Brand, District, HoursException, Staff, Store, StoreCollector, StoreSlot
from stores.permissions import GUEST, Actor, Grant
from stores.queries.divisions import cities as cities
from stores.queries.divisions import districts as districts
from stores.queries.divisions import get_district as get_district
from stores.queries.divisions import provinces as provinces
from stores.queries.divisions import read_address as read_address
from stores.queries.people import approvers as approvers
from stores.queries.people import find_manager as find_manager
from stores.queries.people import find_seller as find_seller
from stores.queries.people import manager_ids as manager_ids
from stores.queries.people import names_by_label as names_by_label
from stores.queries.people import staff_of_store as staff_of_store
from stores.queries.promises import DeliveryPromise as DeliveryPromise
from stores.queries.promises import express_days as express_days
from stores.queries.promises import promise_of as promise_of
from stores.queries.sisters import get_sister as get_sister
from stores.queries.sisters import sister_stores as sister_stores

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet


def actor_for_user(user: AbstractBaseUser | AnonymousUser) -> Actor:
    """Return the actor of a signed-in account with its active staff rows; a guest for anybody else."""
    if not user.is_authenticated or not user.is_active or user.pk is None:
        return GUEST
    rows = Staff.objects.filter(user=user.pk, is_active=True).order_by("pk")
    grants = tuple(
        Grant(Role(role), staff_id, brand_id or store_brand_id, store_id, counterparty_id)
        for role, staff_id, brand_id, store_brand_id, store_id, counterparty_id in rows.values_list(
            "role", "pk", "brand_id", "store__brand_id", "store_id", "counterparty_id"
        )
    )
    return Actor(label=f"user:{user.pk}", user_id=user.pk, grants=grants)


def get_brand(code: str) -> Brand:
    """Return a brand by its code.

    :raises NotFound: with field "brand", when there is none.
    """
    brand = Brand.objects.filter(code=code).first()
    if brand is None:
        raise NotFound(_("There is no brand with the code %(code)s."), field="brand", code=code)
    return brand


def active_brands() -> QuerySet[Brand]:
    """Return every brand, the oldest first."""
    return Brand.objects.order_by("pk")


def store_ids_by_code(brand_id: int) -> dict[str, int]:
    """Return the ids of a brand's stores by their codes."""
    places = Store.objects.filter(brand_id=brand_id).exclude(kind=StoreKind.TRANSIT)
    return dict(places.values_list("code", "pk"))


def stores_visible_to(actor: Actor) -> QuerySet[Store]:
    """Return the stores an actor may look into: where they work, their brand's, their mall's, their API key's."""
    visible = Q(pk__in=actor.store_ids()) | Q(brand__in=actor.brand_ids()) | Q(mall__in=actor.counterparty_ids())
    if actor.api_brand_id is not None:
        visible |= Q(brand=actor.api_brand_id)
    return Store.objects.filter(visible).exclude(kind=StoreKind.TRANSIT)


def get_store_for(actor: Actor, store_id: int) -> Store:
    """Return a store the actor may look into, with its brand.

    :raises NotFound: when there is none, or not for this actor.
    """
    store = stores_visible_to(actor).select_related("brand").filter(pk=store_id).first()
    if store is None:
        raise NotFound
    return store


def desk_stores(actor: Actor) -> QuerySet[Store]:
    """Return the active stores at whose desk an actor works, with their brands, by name."""
    stores = Store.objects.filter(pk__in=actor.store_ids(), is_active=True)
    return stores.select_related("brand").order_by("brand_id", "name_zh", "pk")


def get_desk_store(actor: Actor, store_id: int) -> Store:
    """Return a store at whose desk an actor works.

    :raises NotFound: when there is none, or not for this actor.
    """
    store = desk_stores(actor).filter(pk=store_id).first()
    if store is None:
        raise NotFound
    return store


def find_brand_of(store_id: int) -> int | None:
    """Return the id of a store's brand, or None when there is no such store."""
    return Store.objects.filter(pk=store_id).values_list("brand_id", flat=True).first()


def collector_of(store_id: int, channel: str, on: date) -> str:
    """Return who takes the money of a channel in a store on a business date; the brand, unless it is said."""
    said = StoreCollector.objects.filter(store=store_id, channel=channel, valid__contains=on)
    return said.values_list("collector", flat=True).first() or Collector.BRAND.value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shopper wants things (WGS-84): a district's centre, or the position the browser gave and its district."""

    lat: float
    lng: float
    district: District
    is_position: bool = False

    @property
    def text(self) -> str:
        """Return the form that `find_place` reads."""
        return f"{self.lat:.4f},{self.lng:.4f}" if self.is_position else self.district.pk

    @property
    def label(self) -> str:
        """Return the short name of the place in the language of the page."""
        return district_name(self.district)

    @property
    def full_label(self) -> str:
        """Return the place with its city."""
        city, district = city_name(self.district), district_name(self.district)
        return bilingual.pick(f"{city} {district}", f"{district}, {city}")


def district_name(district: District) -> str:
    """Return a district's name in the language of the page."""
    return bilingual.pick(district.name, district.name_en)


def city_name(district: District) -> str:
    """Return the name of a district's city; a municipality's city is the province itself."""
    if district.city in {"市辖区", "县"}:
        return bilingual.pick(district.province, district.province_en)
    return bilingual.pick(district.city, district.city_en)


@lru_cache(maxsize=4096)
def get_known_district(code: str) -> District:
    """Return a district by its code, read once a process: divisions change with a release of the data only.

    :raises InvalidInput: with field "district_code", when there is none.
    """
    return get_district(code)


def find_place(text: str) -> Place | None:
    """Read a remembered place ("310106" or "31.2304,121.4737"); None when it is none of ours or unreadable."""
    if not text:
        return None
    try:
        if "," not in text:
            district = get_known_district(text)
            return Place(district.lat, district.lng, district)
        lat, lng = (float(part) for part in text.split(","))
        geo.check_point(lat, lng)
    except (InvalidInput, ValueError):
        return None
    return Place(lat, lng, _district_near(lat, lng), is_position=True)


@lru_cache(maxsize=4096)
def _district_near(lat: float, lng: float) -> District:
    """Return the district whose centre is nearest: on a plane, which is near enough to name a place."""
    north, east = F("lat") - lat, (F("lng") - lng) * math.cos(math.radians(lat))
    return District.objects.order_by(north * north + east * east, "pk")[0]


def search_districts(query: str, *, limit: int = 60) -> QuerySet[District]:
    """Return districts in whose name, city and province (Chinese or English) all words of the query occur.

    Those whose own name begins with the query come first.
    """
    words = query.replace("'", "").split()[:4]
    spelled = Concat("name", "city", "province", "name_en", Value(" "), "city_en", Value(" "), "province_en")
    found = District.objects.annotate(spelled=Replace(spelled, Value("'"), Value("")))
    for word in words:
        found = found.filter(spelled__icontains=word)
    own = Q(name__istartswith=query) | Q(name_en__istartswith=query)
    return found.order_by(Case(When(own, then=0), default=1), "pk")[:limit]


def store_cities() -> list[tuple[District, int]]:
    """Return the cities that have stores, as (a district of it, number of stores), the largest first."""
    cities_found: dict[tuple[str, str], tuple[District, int]] = {}
    rows = Store.objects.filter(is_active=True, district__isnull=False).values_list("district").annotate(n=Count("pk"))
    for code, number in rows.order_by():
        district = get_known_district(code)
        first, so_far = cities_found.get((district.province, district.city), (district, 0))
        cities_found[district.province, district.city] = (first, so_far + number)
    return sorted(cities_found.values(), key=lambda city: (-city[1], city[0].pk))


def network_size() -> tuple[int, int]:
    """Return how many active stores there are, and in how many cities."""
    found = store_cities()
    return sum(number for _district, number in found), len(found)


def brands_with_store_counts() -> QuerySet[Brand]:
    """Return every brand with `store_count`, its active stores."""
    return active_brands().annotate(store_count=Count("store", filter=Q(store__is_active=True)))


def store_names(store_ids: Collection[int]) -> dict[int, str]:
    """Return the names of stores by id, in the language active now."""
    stores = Store.objects.filter(pk__in=store_ids).values_list("pk", "name_zh", "name_en")
    return {store_id: bilingual.pick(name_zh, name_en) for store_id, name_zh, name_en in stores}


def staff_names(labels: Collection[str], brand_id: int) -> dict[str, str]:
    """Return the display names of a brand's staff by the label they act under ("user:12"); others are missing."""
    users = [int(label[5:]) for label in labels if label.startswith("user:") and label[5:].isdecimal()]
    staff = Staff.objects.filter(Q(brand=brand_id) | Q(store__brand=brand_id), user__in=users).exclude(display_name="")
    return {f"user:{user_id}": name for user_id, name in staff.order_by("-pk").values_list("user", "display_name")}


# How far down the list of the nearest stores goes; beyond, stores are found by their city.
NEAREST_MOST = 240
EXCEPTION_DAYS = 60
SERVICE_FIELDS = {
    Service.COLLECT: "offers_pickup",
    Service.TRY_ON: "offers_try_on",
    Service.RETURNS: "takes_returns",
}


@dataclass(frozen=True, slots=True)
class StoreWish:
    """Which stores a shopper looks for; what is empty leaves all."""

    brand: str = ""
    query: str = ""
    services: tuple[Service, ...] = ()
    is_open_now: bool = False


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A store as a shopper sees it, with brand, mall and district, and other hours by date, yesterday's the first.

    `opens_at` is now while it is open (until `closes_at`), and None when it does not open within eight days.
    """

    store: Store
    metres: float | None
    exceptions: Mapping[date, tuple[int, int] | None]
    opens_at: datetime | None
    closes_at: datetime | None


def nearest_stores(wish: StoreWish, place: Place, *, now: datetime, start: int, limit: int) -> list[FoundStore]:
    """Return a part of the stores that are wished for, the nearest first, at most `NEAREST_MOST` of them in all."""
    here = _cube(*(Value(part) for part in geo.unit_vector(place.lat, place.lng)))
    chord = CombinedExpression(_cube("ux", "uy", "uz"), "<->", here, output_field=FloatField())
    stores = _wished(wish, now).order_by(chord, "pk")[start : min(start + limit, NEAREST_MOST)]
    return _found(stores, place, now)


def stores_by_city(
    wish: StoreWish, place: Place | None, *, now: datetime, after: tuple[str, int] | None, limit: int
) -> list[FoundStore]:
    """Return the stores that are wished for by district, those behind `after` (`city_key` of the last one seen)."""
    stores = _wished(wish, now).annotate(city=Coalesce("district_id", Value(NO_DISTRICT))).order_by("city", "pk")
    if after is not None:
        district, store_id = after
        stores = stores.filter(Q(city__gt=district) | Q(pk__gt=store_id), city__gte=district)
    return _found(stores[:limit], place, now)


def city_key(store: Store) -> tuple[str, int]:
    """Return a store's place in the order of `stores_by_city`."""
    return store.district_id or NO_DISTRICT, store.pk


def shop_addresses(*, limit: int) -> QuerySet[Store, tuple[str, str]]:
    """Return (brand code, store code) of the stores that shoppers may come to."""
    shops = Store.objects.filter(is_active=True).exclude(kind=StoreKind.WAREHOUSE).order_by("pk")[:limit]
    return shops.values_list("brand__code", "code")


def get_shop(brand_code: str, code: str, place: Place | None, *, now: datetime) -> FoundStore:
    """Return a store that shoppers may come to.

    :raises NotFound: when there is none.
    """
    found = _found(_open_to_shoppers().filter(brand__code=brand_code, code=code), place, now)
    if not found:
        raise NotFound
    return found[0]


def shops_of(store_ids: Collection[int], *, now: datetime, place: Place | None = None) -> dict[int, FoundStore]:
    """Return some stores by id with hours and distance, open to shoppers or not; two statements."""
    rows = Store.objects.filter(pk__in=store_ids).select_related("brand", "mall", "district")
    return {found.store.pk: found for found in _found(rows, place, now)}


def opening_words(found: FoundStore, now: datetime) -> str:
    """Say until when a store is open, or when it opens."""
    if found.closes_at is not None:
        return gettext("Open until %(time)s") % {
            "time": time_format(found.closes_at.astimezone(clock.BUSINESS_ZONE), "H:i")
        }
    if found.opens_at is None:
        return gettext("Closed for now")
    opens_at = found.opens_at.astimezone(clock.BUSINESS_ZONE)
    words = {"time": time_format(opens_at, "H:i"), "day": WEEKDAYS[opens_at.weekday()]}
    days = (opens_at.date() - clock.business_date(now)).days
    if days > 1:
        return gettext("Closed, opens on %(day)s at %(time)s") % words
    return (gettext("Closed, opens tomorrow at %(time)s") if days else gettext("Closed, opens at %(time)s")) % words


def route_url(store: Store) -> str:
    """Return the link to the way to a store, on a map that takes GCJ-02."""
    lat, lng = geo.wgs84_to_gcj02(store.lat, store.lng)
    values = {"{lat}": f"{lat:.6f}", "{lng}": f"{lng:.6f}", "{name}": quote(bilingual.name_of(store), safe="")}
    link = str(settings.STORE_ROUTE_LINK)
    for mark, value in values.items():
        link = link.replace(mark, value)
    return link


def find_try_on_store(brand_id: int, store_id: int) -> Store | None:
    """Return a store of the brand in which shoppers may try on by appointment, or None."""
    return _open_to_shoppers().filter(pk=store_id, brand=brand_id, offers_try_on=True).first()


@dataclass(frozen=True, slots=True)
class Slot:
    """A half-hour in which somebody may try on in a store."""

    starts_at: datetime
    is_free: bool


def try_on_slots(store_id: int, *, start: datetime, end: datetime) -> list[Slot]:
    """Return the half-hours within a store's opening hours that lie whole between two moments; three queries."""
    store = Store.objects.get(pk=store_id)
    exceptions = _exceptions([store], clock.business_date(start))[store_id]
    begins = rules.half_hour_slots(store.opens_minutes, store.closes_minutes, exceptions, start, end)
    rows = StoreSlot.objects.filter(store=store_id, starts_at__in=begins)
    full = set(rows.filter(used__gte=F("limit")).values_list("starts_at", flat=True))
    return [Slot(begin, begin not in full and store.try_ons_per_slot > 0) for begin in begins]


def after_open_minutes(store_id: int, minutes: int, *, start: datetime) -> datetime:
    """Return the moment at which a store has been open for so many minutes since `start`; two queries."""
    store = Store.objects.get(pk=store_id)
    exceptions = _exceptions([store], clock.business_date(start))[store_id]
    return rules.after_open_minutes(store.opens_minutes, store.closes_minutes, exceptions, start, minutes)


def _open_to_shoppers() -> QuerySet[Store]:
    shops = Store.objects.filter(is_active=True).exclude(kind=StoreKind.WAREHOUSE)
    return shops.select_related("brand", "mall", "district")


def _wished(wish: StoreWish, now: datetime) -> QuerySet[Store]:
    """Return the stores that are wished for, unordered."""
    stores = _open_to_shoppers().filter(**{SERVICE_FIELDS[service]: True for service in wish.services})
    if wish.brand:
        stores = stores.filter(brand=Brand.objects.filter(code=wish.brand).values("pk")[:1])
    if wish.query:
        stores = stores.filter(_named_or_in(wish.query))
    if wish.is_open_now:
        stores = stores.filter(_is_open(now))
    return stores


def _named_or_in(query: str) -> Q:
    """Return the condition of lying in a place of this name; of a name, address or mall like it when there is none."""
    codes = list(search_districts(query, limit=400).values_list("pk", flat=True))
    if codes:
        return Q(district__in=codes)
    fields = ("name_zh", "name_en", "address", "mall__name_zh", "mall__name_en")
    return Q(*((f"{field}__icontains", query) for field in fields), _connector=Q.OR)


def _is_open(now: datetime) -> Q:
    """Return what `rules.opening_at` finds open, as a condition: today's hours, or yesterday's past midnight."""
    local = now.astimezone(clock.BUSINESS_ZONE)
    minute = local.hour * 60 + local.minute
    return _is_open_on(local.date(), minute) | _is_open_on(local.date() - timedelta(days=1), minute + rules.DAY_MINUTES)


def _is_open_on(day: date, minute: int) -> Q:
    weekday = day.weekday()
    regular = {f"opens_minutes__{weekday}__range": (0, minute), f"closes_minutes__{weekday}__gt": minute}
    other = HoursException.objects.filter(store=OuterRef("pk"), on_date=day)
    is_open_otherwise = Exists(other.filter(opens_minute__lte=minute, closes_minute__gt=minute))
    return Q(is_open_otherwise) | (Q(**regular) & ~Q(Exists(other)))


def _cube(*numbers: str | Value) -> Func:
    """Return a point as the index stores_store_nearest holds it."""
    array = Func(*numbers, template="ARRAY[%(expressions)s]::float8[]", output_field=FloatField())
    return Func(array, function="cube", output_field=FloatField())


def _found(stores: QuerySet[Store], place: Place | None, now: datetime) -> list[FoundStore]:
    """Return stores with their distance and their hours of these weeks; two statements."""
    rows = list(stores)
    exceptions = _exceptions(rows, clock.business_date(now))
    return [_found_store(store, exceptions[store.pk], place, now) for store in rows]


def _found_store(
    store: Store, exceptions: Mapping[date, tuple[int, int] | None], place: Place | None, now: datetime
) -> FoundStore:
    hours = (store.opens_minutes, store.closes_minutes, exceptions, now)
    metres = geo.great_circle_metres(place.lat, place.lng, store.lat, store.lng) if place else None
    return FoundStore(store, metres, exceptions, rules.opening_at(*hours), rules.closing_at(*hours))


def _exceptions(stores: Sequence[Store], today: date) -> dict[int, dict[date, tuple[int, int] | None]]:
    """Return the other hours of each store by date, from yesterday on."""
    days = (today - timedelta(days=1), today + timedelta(days=EXCEPTION_DAYS))
    found: dict[int, dict[date, tuple[int, int] | None]] = {store.pk: {} for store in stores}
    rows = HoursException.objects.filter(store__in=list(found), on_date__range=days).order_by("on_date")
    for store_id, on_date, opens, closes in rows.values_list("store", "on_date", "opens_minute", "closes_minute"):
        found[store_id][on_date] = None if opens is None or closes is None else (opens, closes)
    return found

"""Where the demo's stores are: on the centres of real districts, scattered so that each stays nearest to its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omni.kernel import geo
from omni.pages.demo.cities import CITIES, MALLS, ROADS, TRADERS, City
from omni.pages.demo.copying import Table
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    import random

    from omni.pages.demo.brands import DemoBrand
    from stores.models import District

FARTHEST_METRES = 5000
MALL_COUNT = 120
METRES_A_DEGREE = 111_195
# How the code of a brand's first store in a city ends.
FIRST = "001"

MALL_HOURS = ([600] * 7, [1320] * 7)
STREET_HOURS = (
    ([570] * 7, [1290] * 7),
    ([600] * 7, [1320] * 7),
    ([600] * 7, [1260] * 5 + [1320] * 2),
    ([630] * 5 + [600] * 2, [1290] * 4 + [1350] * 2 + [1290]),
    ([-1] + [600] * 6, [-1] + [1260] * 6),
    ([660] * 7, [1380] * 4 + [1500] * 2 + [1380]),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A district of a demo city, how far its stores may lie from its centre, and how many it draws."""

    district: District
    reach_metres: float
    weight: float


@dataclass(frozen=True, slots=True)
class Mall:
    """A mall of the demo."""

    counterparty_id: int
    city: City
    site: Site
    name_zh: str
    name_en: str
    lat: float
    lng: float


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a store is and when it is open."""

    city: City
    district: District
    names: tuple[str, str]
    address: str
    lat: float
    lng: float
    hours: tuple[list[int], list[int]]


@dataclass(frozen=True, slots=True)
class DemoStore:
    """A store as the generators of people and stock need it."""

    store_id: int
    brand_id: int
    code: str
    size: float
    default_safety: int
    city: City


class Places:
    """Collects counterparties and stores."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        provinces = {
            name: province
            for province, _en in stores_queries.provinces()
            for name, _en in stores_queries.cities(province)
        }
        self.sites = {city: _sites(city, provinces[city.name]) for city in CITIES}
        self.counterparties = Table(
            "stores_counterparty",
            *("code", "kind", "name_zh", "name_en", "legal_entity", "tax_number", "district_id"),
        )
        self.store_table = Table("stores_store", *_STORE_COLUMNS)
        self.malls = [
            self._add_mall(city, number)
            for city, count in shares(MALL_COUNT, [city.weight for city in CITIES])
            for number in range(count)
        ]
        self.stores: list[DemoStore] = []

    def tables(self) -> list[Table]:
        """Return the tables in the order in which they must be loaded."""
        return [self.counterparties, self.store_table]

    def _point(self, site: Site) -> tuple[float, float]:
        """Return a point within the site's reach, evenly spread over the disc."""
        metres = site.reach_metres * math.sqrt(self.dice.random())
        angle = self.dice.uniform(0, 2 * math.pi)
        lat = site.district.lat + metres * math.cos(angle) / METRES_A_DEGREE
        lng = site.district.lng + metres * math.sin(angle) / (METRES_A_DEGREE * math.cos(math.radians(lat)))
        return round(lat, 6), round(lng, 6)

    def _pick_site(self, city: City) -> Site:
        sites = self.sites[city]
        return self.dice.choices(sites, [site.weight for site in sites])[0]

    def _add_mall(self, city: City, number: int) -> Mall:
        site = self.sites[city][0] if number == 0 else self._pick_site(city)
        name_zh, name_en = MALLS[(CITIES.index(city) + number) % len(MALLS)]
        place_zh, place_en = _short(site.district)
        lat, lng = self._point(site)
        code, company = f"mall-{city.prefix.lower()}-{number + 1}", f"{city.name[:-1]}{name_zh}商业管理有限公司"
        names = (f"{place_zh}{name_zh}", f"{name_en}, {place_en}")
        mall_id = self.counterparties.add(
            (code, stores_choices.CounterpartyKind.MALL.value, *names, company, "", site.district.pk)
        )
        return Mall(mall_id, city, site, *names, lat, lng)

    def add_brand(self, brand: DemoBrand, brand_id: int) -> None:
        """Add a brand's stores: at most one in a mall, the rest in the streets, some of those franchised."""
        malls: dict[City, list[Mall]] = {}
        for mall in self.malls:
            if self.dice.randrange(100) < brand.mall_percent:
                malls.setdefault(mall.city, []).append(mall)
        for city, count in shares(brand.stores, [city.weight for city in CITIES]):
            franchisee_id = self._add_franchisee(brand, city) if brand.franchise_percent else None
            waiting = malls.get(city, [])
            for number in range(1, count + 1):
                code = f"{city.prefix}{number:03d}"
                if waiting and number > 1:
                    self._add_mall_store(brand_id, code, waiting.pop(0))
                elif number > 1 and self.dice.randrange(100) < brand.franchise_percent:
                    self._add_street_store(brand_id, code, city, franchisee_id)
                else:
                    self._add_street_store(brand_id, code, city, None)

    def _add_franchisee(self, brand: DemoBrand, city: City) -> int:
        name = f"{city.name[:-1]}{TRADERS[(CITIES.index(city) + len(brand.code)) % len(TRADERS)]}商贸有限公司"
        code, name_en = f"fr-{brand.code}-{city.prefix.lower()}", f"{brand.name_en} franchisee, {city.prefix}"
        kind, district_id = stores_choices.CounterpartyKind.FRANCHISEE.value, self.sites[city][0].district.pk
        return self.counterparties.add((code, kind, name, name_en, name, "", district_id))

    def _add_mall_store(self, brand_id: int, code: str, mall: Mall) -> None:
        floor, unit = self.dice.randrange(1, 5), self.dice.randrange(1, 40)
        spot = Spot(
            city=mall.city,
            district=mall.site.district,
            names=(f"{mall.name_zh}店", mall.name_en),
            address=f"{mall.site.district.name}{mall.name_zh} {floor} 层 {floor}{unit:02d} 号",
            lat=round(mall.lat + self.dice.uniform(-0.0003, 0.0003), 6),
            lng=round(mall.lng + self.dice.uniform(-0.0003, 0.0003), 6),
            hours=MALL_HOURS,
        )
        self._add_store(brand_id, code, spot, mall_id=mall.counterparty_id)

    def _add_street_store(self, brand_id: int, code: str, city: City, franchisee_id: int | None) -> None:
        site = self.sites[city][0] if code.endswith(FIRST) else self._pick_site(city)
        road_zh, road_en = self.dice.choice(ROADS)
        place_zh, place_en = _short(site.district)
        lat, lng = self._point(site)
        spot = Spot(
            city=city,
            district=site.district,
            names=(f"{place_zh}{road_zh}店", f"{road_en}, {place_en}"),
            address=f"{site.district.name}{road_zh} {self.dice.randrange(1, 900)} 号",
            lat=lat,
            lng=lng,
            hours=STREET_HOURS[1] if code.endswith(FIRST) else self.dice.choice(STREET_HOURS),
        )
        self._add_store(brand_id, code, spot, franchisee_id=franchisee_id)

    def _add_store(
        self, brand_id: int, code: str, spot: Spot, *, mall_id: int | None = None, franchisee_id: int | None = None
    ) -> None:
        """Add a store; the first of a city is large, offers everything and takes many orders."""
        chance, is_first = self.dice.random, code.endswith(FIRST)
        kind = (
            stores_choices.StoreKind.CONCESSION
            if mall_id
            else stores_choices.StoreKind.FRANCHISE
            if franchisee_id
            else stores_choices.StoreKind.DIRECT
        )
        safety = int(mall_id is not None and chance() < 0.4)
        point = (spot.lat, spot.lng)
        services = (is_first or chance() < 0.95, is_first or chance() < 0.97, is_first or chance() < 0.8, True)
        consents = franchisee_id is None or chance() < 0.85
        capacity = 80 if is_first else self.dice.choice((20, 30, 40, 60))
        phone = f"{spot.city.dialling}-{self.dice.randrange(5550_0000, 5560_0000)}"
        store_id = self.store_table.add(
            (
                *(brand_id, code, *spot.names, kind.value, mall_id, franchisee_id, spot.district.pk, spot.address),
                *(phone, *point, *geo.unit_vector(*point), *spot.hours, *services, consents, True, capacity, safety),
            )
        )
        size = 0.62 if is_first else self.dice.choice((0.14, 0.19, 0.25, 0.35))
        self.stores.append(DemoStore(store_id, brand_id, code, size, safety, spot.city))


_STORE_COLUMNS = (
    *("brand_id", "code", "name_zh", "name_en", "kind", "mall_id", "franchisee_id", "district_id", "address", "phone"),
    *("lat", "lng", "ux", "uy", "uz", "opens_minutes", "closes_minutes", "offers_shipping", "offers_pickup"),
    *("offers_try_on", "takes_returns", "consents_to_routing", "is_active", "daily_capacity", "default_safety"),
)


def _sites(city: City, province: str) -> list[Site]:
    """Return the districts of a city, the middle first; those near the middle draw more stores.

    Counties are left out, and development zones (their code has a 7 there), which have no centre of their own.
    """
    districts = [
        district
        for district in stores_queries.districts(province, city.name)
        if not district.name.endswith(("县", "旗")) and district.pk[4] != "7"
    ]
    middle = next(district for district in districts if district.name == city.middle)
    districts.sort(key=lambda district: (district is not middle, district.pk))
    return [
        Site(district, _reach(district, districts), 1 / (1 + (_metres(district, middle) / 12_000) ** 2))
        for district in districts
    ]


def _reach(district: District, districts: list[District]) -> float:
    """Return how far from its centre a district's stores may lie: less than halfway to the nearest other centre."""
    others = [_metres(district, other) for other in districts if other.pk != district.pk]
    apart = min((metres for metres in others if metres > 0), default=FARTHEST_METRES * 3)
    return min(FARTHEST_METRES, apart * 0.45)


def _metres(one: District, other: District) -> float:
    return geo.great_circle_metres(one.lat, one.lng, other.lat, other.lng)


def _short(district: District) -> tuple[str, str]:
    """Return a district's name as it stands in names of stores: 静安, Jing'an."""
    name = district.name.removesuffix("新区").removesuffix("区").removesuffix("市")
    return (name if len(name) > 1 else district.name), district.name_en.removesuffix(" New Area")


def shares(total: int, weights: list[int]) -> list[tuple[City, int]]:
    """Return how many of a total each city gets, by weight and the largest remainder; at least two."""
    exact = [total * weight / sum(weights) for weight in weights]
    counts = [max(2, math.floor(share)) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: math.floor(exact[index]) - exact[index])
    for index in by_remainder[: max(0, total - sum(counts))]:
        counts[index] += 1
    return list(zip(CITIES, counts, strict=True))

"""Brands, districts, malls, stores and who works there."""

from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from omni.kernel import geo
from stores.choices import CounterpartyKind, Role, StoreKind
from stores.models import Brand, Counterparty, District, Staff, Store, StoreCapacity
from tests.factories.accounts import UserFactory

TEN_TO_TEN = ([600] * 7, [1320] * 7)


class DistrictFactory(DjangoModelFactory[District]):
    """Jing'an in Shanghai unless told otherwise; the real row, when migrations have filled the table."""

    class Meta:
        model = District
        django_get_or_create = ("code",)

    code = "310106"
    province = "上海市"
    city = "上海市"
    name = "静安区"
    province_en = "Shanghai"
    city_en = "Shanghai"
    name_en = "Jing'an"
    lat = 31.2290
    lng = 121.4480


class BrandFactory(DjangoModelFactory[Brand]):
    class Meta:
        model = Brand

    code = Sequence(lambda n: f"brand{n}")
    name_zh = Sequence(lambda n: f"牌子{n}")
    name_en = Sequence(lambda n: f"Brand {n}")
    legal_entity = LazyAttribute(lambda brand: f"{brand.name_zh}服饰有限公司")


class MallFactory(DjangoModelFactory[Counterparty]):
    class Meta:
        model = Counterparty

    code = Sequence(lambda n: f"mall{n}")
    kind = CounterpartyKind.MALL
    name_zh = Sequence(lambda n: f"广场{n}")
    name_en = Sequence(lambda n: f"Plaza {n}")
    district = SubFactory(DistrictFactory)


class StoreFactory(DjangoModelFactory[Store]):
    """A directly operated store in Jing'an, open from ten to ten every day."""

    class Meta:
        model = Store

    brand = SubFactory(BrandFactory)
    code = Sequence(lambda n: f"S{n:04d}")
    name_zh = Sequence(lambda n: f"店{n}")
    name_en = Sequence(lambda n: f"Store {n}")
    kind = StoreKind.DIRECT
    district = SubFactory(DistrictFactory)
    lat = 31.2290
    lng = 121.4480
    ux = LazyAttribute(lambda store: geo.unit_vector(store.lat, store.lng)[0])
    uy = LazyAttribute(lambda store: geo.unit_vector(store.lat, store.lng)[1])
    uz = LazyAttribute(lambda store: geo.unit_vector(store.lat, store.lng)[2])
    opens_minutes = LazyFunction(lambda: list(TEN_TO_TEN[0]))
    closes_minutes = LazyFunction(lambda: list(TEN_TO_TEN[1]))


class ConcessionStoreFactory(StoreFactory):
    kind = StoreKind.CONCESSION
    mall = SubFactory(MallFactory)


class FullStoreFactory(StoreFactory):
    """A store that takes no web orders at all."""

    daily_capacity = 0


class StoreCapacityFactory(DjangoModelFactory[StoreCapacity]):
    class Meta:
        model = StoreCapacity

    store = SubFactory(StoreFactory)
    limit = 1


class StaffFactory(DjangoModelFactory[Staff]):
    class Meta:
        model = Staff
        abstract = True

    user = SubFactory(UserFactory)
    display_name = Sequence(lambda n: f"员工{n}")


class ClerkFactory(StaffFactory):
    """A clerk of a store."""

    role = Role.CLERK
    store = SubFactory(StoreFactory)


class GuideFactory(ClerkFactory):
    role = Role.GUIDE


class ManagerFactory(ClerkFactory):
    role = Role.MANAGER


class HeadquartersFactory(StaffFactory):
    """Somebody of a brand's headquarters."""

    role = Role.HQ
    brand = SubFactory(BrandFactory)


class MallFinanceFactory(StaffFactory):
    role = Role.MALL_FINANCE
    counterparty = SubFactory(MallFactory)

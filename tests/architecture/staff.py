"""The accounts of everybody who walks to every address."""

from omni.accounts.models import User
from stores.choices import Role, StoreKind
from stores.models import Store
from tests.architecture import routes
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory, UserFactory
from tests.factories.members import MemberFactory
from tests.factories.orders import placed_order
from tests.factories.stores import (
    ClerkFactory,
    GuideFactory,
    HeadquartersFactory,
    MallFinanceFactory,
    ManagerFactory,
)


def hire(world: World) -> dict[str, User]:
    """Return the accounts of the cast; store A stands in the mall whose finance is among them."""
    store, other_store = world.stores["A"], world.other_store
    finance = MallFinanceFactory.create()
    Store.objects.filter(pk=store.pk).update(kind=StoreKind.CONCESSION, mall=finance.counterparty)
    staff = {
        routes.CLERK_A: ClerkFactory.create(store=store),
        routes.GUIDE_A: GuideFactory.create(store=store),
        routes.MANAGER_A: ManagerFactory.create(store=store),
        routes.FORMER_CLERK_A: ClerkFactory.create(store=store, is_active=False),
        routes.CLERK_B: ClerkFactory.create(store=world.stores["B"]),
        routes.OTHER_CLERK: ClerkFactory.create(store=other_store),
        routes.HQ: HeadquartersFactory.create(brand=world.brand),
        routes.REGION: HeadquartersFactory.create(brand=world.brand, role=Role.REGION),
        routes.OTHER_HQ: HeadquartersFactory.create(brand=world.other_brand),
        routes.MALL_FINANCE: finance,
    }
    shopper = ShopperUserFactory.create()
    placed_order(world, member_id=MemberFactory.create(brand=world.brand, user=shopper).pk)
    return {
        **{role: row.user for role, row in staff.items()},
        routes.MEMBER: shopper,
        routes.ADMINISTRATOR: UserFactory.create(is_staff=True, is_superuser=True),
    }

"""The place of a brand's books for goods on their way between its stores."""

from omni.kernel import geo
from omni.kernel.transactions import step
from stores.choices import StoreKind
from stores.models import Store

# No code that a brand would give a store of its own.
CODE = "~in-transit"
# Somewhere: nobody goes there, and nothing is routed from there.
POINT = (31.2304, 121.4737)


@step
def add_transit(brand_id: int) -> int:
    """Return the id of the brand's place for goods on their way, made at the first need."""
    x, y, z = geo.unit_vector(*POINT)
    place = Store(
        brand_id=brand_id,
        code=CODE,
        kind=StoreKind.TRANSIT,
        name_zh="在途",
        name_en="In transit",
        lat=POINT[0],
        lng=POINT[1],
        ux=x,
        uy=y,
        uz=z,
        opens_minutes=[-1] * 7,
        closes_minutes=[-1] * 7,
        offers_shipping=False,
        offers_pickup=False,
        offers_try_on=False,
        takes_returns=False,
        consents_to_routing=False,
        is_active=False,
        daily_capacity=0,
    )
    Store.objects.bulk_create([place], ignore_conflicts=True)
    return Store.objects.values_list("pk", flat=True).get(brand=brand_id, kind=StoreKind.TRANSIT)

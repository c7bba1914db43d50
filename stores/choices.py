from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class StoreKind(models.TextChoices):
    DIRECT = "direct", _("Directly operated")
    CONCESSION = "concession", _("Concession")
    FRANCHISE = "franchise", _("Franchise")
    WAREHOUSE = "warehouse", _("Warehouse")
    # Not a place to go to: where the books keep what one store of a brand sent to another until it is there.
    TRANSIT = "transit", _("On the way between stores")


class Service(models.TextChoices):
    """What a shopper may come to a store for, besides buying."""

    COLLECT = "collect", _("Collect in store")
    TRY_ON = "try-on", _("Try on by appointment")
    RETURNS = "returns", _("Returns")


class CounterpartyKind(models.TextChoices):
    MALL = "mall", _("Mall")
    FRANCHISEE = "franchisee", _("Franchisee")
    COURIER = "courier", pgettext_lazy("company", "Courier")
    PLATFORM = "platform", _("Platform")


class Role(models.TextChoices):
    CLERK = "clerk", _("Clerk")
    GUIDE = "guide", _("Guide")
    MANAGER = "manager", _("Store manager")
    REGION = "region", _("Regional manager")
    HQ = "hq", _("Headquarters")
    MALL_FINANCE = "mall_finance", _("Mall finance")


class Collector(models.TextChoices):
    BRAND = "brand", _("Brand")
    MALL = "mall", _("Mall")
    FRANCHISEE = "franchisee", _("Franchisee")


class Channel(models.TextChoices):
    WEB = "web", _("Web shop")
    COUNTER = "counter", _("Store counter")
    SCAN_TO_PAY = "scan_to_pay", _("Scan to pay")
    ENDLESS_AISLE = "endless_aisle", _("Endless aisle")
    ERP = "erp", _("ERP")
    MARKETPLACE = "marketplace", _("Marketplace")

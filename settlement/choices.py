from django.db import models
from django.utils.translation import gettext_lazy as _


class RuleKind(models.TextChoices):
    CREDIT_SPLIT = "credit_split", _("Split of the sales credit")
    RETURN_HANDLING = "return_handling", _("Credit for receiving a return")


class CreditCase(models.TextChoices):
    """Which split applies; the first that fits, from the top."""

    OWN_STORE = "own_store", _("Sold and fulfilled by one store")
    CROSS_STORE = "cross_store", _("Sold by one store, fulfilled by another")
    ONLINE_GUIDE = "online_guide", _("Online, by a guide's link")
    ONLINE_MEMBER = "online_member", _("Online, the member has a home store")
    ONLINE = "online", _("Online, nobody")
    CHARGE = "charge", _("Delivery and other charges")


class CreditRole(models.TextChoices):
    SELLING = "selling", _("Selling store and its guide")
    FULFILLING = "fulfilling", _("Fulfilling store")
    HOME = "home", _("Member's home store")
    CHANNEL = "channel", _("Online channel")
    HANDLING = "handling", _("Store that received the return")


class AccountType(models.TextChoices):
    ASSET = "asset", _("Asset")
    LIABILITY = "liability", _("Liability")
    INCOME = "income", _("Income")
    EXPENSE = "expense", _("Expense")

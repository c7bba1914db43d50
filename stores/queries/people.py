"""Who works in a store."""

from __future__ import annotations

from stores.choices import Role
from stores.models import Staff


def manager_ids(store_id: int) -> list[int]:
    """Return the accounts of a store's active managers."""
    managers = Staff.objects.filter(store=store_id, role=Role.MANAGER, is_active=True, user__is_active=True)
    return list(managers.order_by("user").values_list("user", flat=True).distinct())


def staff_of_store(store_id: int) -> list[tuple[int, str]]:
    """Return (staff id, name) of those who work in a store now, by name."""
    rows = Staff.objects.filter(store=store_id, is_active=True).order_by("display_name", "pk")
    return [(staff_id, name or str(staff_id)) for staff_id, name in rows.values_list("pk", "display_name")]


def find_manager(store_id: int, user_id: int) -> int | None:
    """Return the staff id of a store's manager by their account; None when they are none there."""
    rows = Staff.objects.filter(store=store_id, user=user_id, role=Role.MANAGER, is_active=True, user__is_active=True)
    return rows.values_list("pk", flat=True).first()


def approvers(store_id: int) -> list[tuple[int, str]]:
    """Return (staff id, name) of a store's active managers who have set a PIN, by name."""
    rows = Staff.objects.filter(
        store=store_id, role=Role.MANAGER, is_active=True, user__is_active=True, pin__isnull=False
    )
    found = rows.order_by("display_name", "pk").values_list("pk", "display_name", "user__username")
    return [(staff_id, name or username) for staff_id, name, username in found]


def find_seller(staff_id: int) -> Staff | None:
    """Return one of a store's people, with store and brand, while both they and the store are active; else None."""
    rows = Staff.objects.filter(pk=staff_id, store__is_active=True, is_active=True, user__is_active=True)
    return rows.select_related("store__brand").first()


def names_by_label(store_id: int) -> dict[str, str]:
    """Return the names of all who have ever worked in a store, by the label of their account ("user:12")."""
    rows = Staff.objects.filter(store=store_id).order_by("pk").values_list("user_id", "display_name")
    return {f"user:{user_id}": name for user_id, name in rows if name}

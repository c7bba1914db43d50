"""What becomes of people who worked here."""

from __future__ import annotations

from omni.kernel.transactions import step
from stores.models import ApprovalPin, Staff


@step
def erase_former_staff(user_id: int) -> bool:
    """Forget the names and PINs with which an account worked; False, with nothing changed, while it still does."""
    rows = Staff.objects.filter(user=user_id)
    if rows.filter(is_active=True).exists():
        return False
    rows.update(display_name="")
    ApprovalPin.objects.filter(staff__in=rows).delete()
    return True

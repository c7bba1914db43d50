"""What a person lets brands do, their sizes, and what they wish for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from members import rules
from members.choices import ConsentPurpose, ConsentSource
from members.models import ConsentChange, Member, SizeProfile, Wish
from members.queries import given_topics, has_consent
from omni.kernel import sealing
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.transactions import step
from omni.messages import choices as messages_choices
from omni.messages import services as messages_services
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

MOST_WISHES = 300


class TooManyWishes(Conflict):
    """A wish list holds only so much."""

    code = "too_many_wishes"


@step
def record_consent(
    member_id: int, given: Collection[str], *, source: ConsentSource = ConsentSource.WEB, now: datetime
) -> int:
    """Write which topics a member agrees to (names as in `rules.TOPICS`); return how many changed.

    Only what differs from before is written, each as a record of its own with the wording shown now.
    """
    before = given_topics(member_id)
    changes = [topic for topic in rules.TOPICS if (topic.name in given) != (topic.name in before)]
    ConsentChange.objects.bulk_create(
        ConsentChange(
            member_id=member_id,
            purpose=topic.purpose,
            channel=topic.channel,
            is_given=topic.name in given,
            wording=rules.WORDING,
            source=source,
            at=now,
        )
        for topic in changes
    )
    return len(changes)


@step
def record_consent_for(user_id: int, brand_code: str, given: Collection[str], *, now: datetime) -> int:
    """Write which topics an account's person agrees to at a brand; return how many changed.

    :raises NotFound: there is no such brand, or the account is no member of it.
    """
    brand = stores_queries.get_brand(brand_code)
    member = Member.objects.filter(user=user_id, brand=brand).first()
    if member is None:
        raise NotFound
    return record_consent(member.pk, given, now=now)


@step
def send_marketing(
    member_id: int, *, template: str, parameters: Mapping[str, str | int], cause: str, now: datetime
) -> int | None:
    """Write a marketing SMS to a member who agreed to such; None when they did not, or it was told already."""
    member = Member.objects.get(pk=member_id)
    if not has_consent(member_id, ConsentPurpose.MARKETING, messages_choices.Channel.SMS):
        return None
    return messages_services.send_message(
        messages_choices.Channel.SMS,
        to=sealing.unseal(member.phone_sealed),
        template=template,
        language=member.language,
        parameters=parameters,
        cause=cause,
        purpose=messages_choices.Purpose.MARKETING,
        has_consent=True,
        now=now,
    )


@step
def change_sizes(user_id: int, *, now: datetime, **measures: int | str | None) -> None:
    """Keep a person's measures, as checked by the form (`forms.SizeForm`); None and "" forget one."""
    SizeProfile.objects.update_or_create(user_id=user_id, defaults={**measures, "updated_at": now})


@step
def add_wish(user_id: int, brand_code: str, code: str, *, sku: str = "", now: datetime) -> int:
    """Put a product on the account's wish list, in a colour and size if a SKU says so; return the wish's id.

    A product that is there already stays where it is; a SKU given now counts.

    :raises NotFound: there is no such product.
    :raises InvalidInput: with field "sku", when the product has no such SKU.
    :raises TooManyWishes: the list is full.
    """
    found = inventory_queries.find_version(brand_code, code)
    if found is None:
        raise NotFound
    variant_id = _variant_of(found[0], brand_code, sku) if sku else None
    wish, is_new = Wish.objects.get_or_create(
        user_id=user_id, product_id=found[0], defaults={"variant_id": variant_id, "created_at": now}
    )
    if not is_new and variant_id:
        Wish.objects.filter(pk=wish.pk).update(variant=variant_id)
    if is_new and Wish.objects.filter(user=user_id).count() > MOST_WISHES:
        raise TooManyWishes(_("Your wish list is full. Remove something first."))
    return wish.pk


def _variant_of(product_id: int, brand_code: str, sku: str) -> int:
    variant = inventory_queries.variants_by_sku(stores_queries.get_brand(brand_code).pk, [sku]).get(sku)
    if variant is None or variant.product_id != product_id:
        raise InvalidInput(_("This article is not on sale."), field="sku")
    return variant.pk


@step
def remove_wish(user_id: int, wish_id: int) -> None:
    """Take a product off the account's wish list.

    :raises NotFound: it is not there, or it is somebody else's.
    """
    deleted, _by_model = Wish.objects.filter(pk=wish_id, user=user_id).delete()
    if not deleted:
        raise NotFound

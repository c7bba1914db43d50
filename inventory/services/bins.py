"""Where in a store its goods lie: a text on the stock level that sorts as people walk ("A-03-2")."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from inventory import sql
from inventory.models import StockLevel
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CHARACTERS = 20
_BIN = re.compile(r"[0-9A-Z\u4e00-\u9fff][0-9A-Z\u4e00-\u9fff ./-]*")


class NoSuchBin(InvalidInput):
    """A text that cannot be the name of a place on a shelf."""

    code = "invalid_bin"


def read_bin(text: str) -> str:
    """Return the name of a place as it is kept: capitals, half-width, no spaces around it; "" for none.

    :raises NoSuchBin: when it is longer than 20 characters, or has others than letters, digits, spaces and . / -
    """
    name = " ".join(unicodedata.normalize("NFKC", text).upper().split())
    if name and (len(name) > MOST_CHARACTERS or not _BIN.fullmatch(name)):
        raise NoSuchBin(
            _("A place is at most 20 letters, digits and hyphens, such as A-03-2."), field="bin", text=name[:40]
        )
    return name


@step
def put_in_bin(store_id: int, variant_id: int, text: str) -> str:
    """Write where in a store a variant lies ("" takes it away) and return it as it is kept.

    :raises NoSuchBin: when it cannot be the name of a place.
    :raises NotFound: when the store never had the variant.
    """
    name = read_bin(text)
    if not StockLevel.objects.filter(store=store_id, variant=variant_id).update(bin=name):
        raise NotFound
    return name


@step
def put_in_bins(bins: Mapping[tuple[int, int], str]) -> None:
    """Write where many (store id, variant id) lie, each as `read_bin` returned it; levels that are missing stay so."""
    if not bins:
        return
    places = list(bins)
    values: dict[str, Any] = {
        "stores": [store_id for store_id, _variant in places],
        "variants": [variant_id for _store, variant_id in places],
        "bins": [bins[place] for place in places],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.PUT_IN_BINS, values)

"""What an offer says of itself, in the language active now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.choices import Benefit
from omni.kernel import bilingual
from omni.kernel.money import PPM, format_fen
from stores import choices as stores_choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from members.models import OfferTerms

_CHANNELS = dict(stores_choices.Channel.choices)


def short_yuan(amount_fen: int) -> str:
    """Return an amount as a coupon shows it, without empty decimals."""
    return format_fen(amount_fen).removesuffix(".00")


def describe_benefit(terms: OfferTerms) -> str:
    """Return what an offer takes off and from when: "¥50 off from ¥300", in Chinese "满¥300减¥50"."""
    conditions = []
    if terms.threshold_fen:
        conditions.append(
            bilingual.pick(f"满{short_yuan(terms.threshold_fen)}", f"from {short_yuan(terms.threshold_fen)}")
        )
    if terms.threshold_units > 1:
        items = ngettext("%(count)s item", "%(count)s items", terms.threshold_units) % {"count": terms.threshold_units}
        conditions.append(bilingual.pick(f"满{terms.threshold_units}件", f"from {items}"))
    cap = "" if terms.cap_fen is None else _("at most %(amount)s") % {"amount": short_yuan(terms.cap_fen)}
    taken = headline(terms)
    if terms.benefit == Benefit.AMOUNT:
        taken = bilingual.pick(f"减{short_yuan(terms.amount_fen or 0)}", f"{taken} off")
    else:
        taken = bilingual.pick(taken, f"{taken} off")
    text = bilingual.pick("".join([*conditions, taken]), " ".join([taken, *conditions]))
    return bilingual.pick(f"{text}，{cap}", f"{text}, {cap}") if cap else text


def headline(terms: OfferTerms) -> str:
    """Return the figure that a coupon shows large: "¥50", "8.5折" or "15%"."""
    if terms.benefit == Benefit.AMOUNT:
        return short_yuan(terms.amount_fen or 0)
    percent = (terms.percent_ppm or 0) * 100 / PPM
    return bilingual.pick(f"{(100 - percent) / 10:g}折", f"{percent:g}%")


def describe_scope(terms: OfferTerms, category_names: Mapping[int, str]) -> tuple[str, ...]:
    """Return what an offer is limited to, a few words each; empty when it is for everything everywhere."""
    words = []
    if terms.category_ids:
        words.append(", ".join(category_names[key] for key in terms.category_ids if key in category_names))
    if terms.product_ids:
        words.append(_("Selected products"))
    if terms.excludes_marked_down:
        words.append(_("Not for marked-down goods"))
    if terms.channels:
        words.append(
            _("Only: %(channels)s") % {"channels": ", ".join(str(_CHANNELS.get(c, c)) for c in terms.channels)}
        )
    if terms.store_ids:
        words.append(_("Only in certain stores"))
    if terms.is_exclusive:
        words.append(_("Not together with other offers"))
    return tuple(word for word in words if word)

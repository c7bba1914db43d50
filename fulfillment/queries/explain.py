"""Decisions in plain words: why a store was chosen, and why the others were not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfillment.choices import DecisionKind, RuleCode
from fulfillment.models import RoutingDecision
from omni.kernel import money
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SHOWN_LOSERS = 5


class ReasonLine(NamedTuple):
    """One store of a decision, in words."""

    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision in the language active now: what came of it, the best stores in their order, and what else counted."""

    title: str
    decided_at: datetime
    outcome: str
    lines: tuple[ReasonLine, ...]
    notes: tuple[str, ...]


class _Shown(NamedTuple):
    """A candidate's row of the record; see `fulfillment.rules`."""

    store_id: int
    metres: int
    opens_in: int
    used: int
    room: int
    sellable: list[int]
    offers: int
    accepted: int
    broken_sizes: int | None
    marked_down_days: int | None
    fee_fen: int | None


def explain_decisions(fulfillment_id: int) -> list[DecisionView]:
    """Return the decisions of a demand in words, the first first; two queries."""
    decisions = list(RoutingDecision.objects.filter(fulfillment=fulfillment_id).order_by("pk"))
    names = stores_queries.store_names({store for decision in decisions for store in _stores_in(decision.record)})
    return [_explain(decision, names) for decision in decisions]


def _stores_in(record: Mapping[str, Any]) -> set[int]:
    return {
        *(row[0] for row in record["best"]),
        *(row[0] for row in record["plan"] or ()),
        *(row[0] for row in record.get("refused", ())),
    }


def _explain(decision: RoutingDecision, names: Mapping[int, str]) -> DecisionView:
    record = decision.record
    best = [_Shown(*row) for row in record["best"]]
    chosen = {row[0]: row for row in record["plan"] or ()}
    first = next((row for row in best if row.store_id in chosen), None)
    losers = [row for row in best if row.store_id not in chosen][:SHOWN_LOSERS]
    shown = [row for row in best if row.store_id in chosen or row in losers]
    return DecisionView(
        title=str(DecisionKind(decision.kind).label),
        decided_at=decision.decided_at,
        outcome=_outcome(chosen, names),
        lines=tuple(ReasonLine(_candidate(row, names, record, first), row.store_id in chosen) for row in shown),
        notes=tuple(_notes(record, names, hidden=len(best) - len(shown))),
    )


def _outcome(chosen: Mapping[int, Sequence[Any]], names: Mapping[int, str]) -> str:
    stores = ", ".join(names.get(store_id, str(store_id)) for store_id in chosen)
    if not chosen:
        return _("No store could fulfill it.")
    if len(chosen) == 1:
        day = date.fromisoformat(next(iter(chosen.values()))[1])
        return _("%(store)s, promised for %(day)s.") % {"store": stores, "day": f"{day:%m-%d}"}
    return _("No single store holds everything; the fewest that do together: %(stores)s.") % {"stores": stores}


def _candidate(row: _Shown, names: Mapping[int, str], record: Mapping[str, Any], first: _Shown | None) -> str:
    """Say what is known of a store and, if it lost, which rule decided."""
    facts = [
        names.get(row.store_id, str(row.store_id)),
        _kilometres(row.metres),
        _opening(row.opens_in),
        _("%(used)s of %(room)s orders of the day") % {"used": row.used, "room": row.room},
        _("stock %(units)s") % {"units": " + ".join(str(units) for units in row.sellable)},
    ]
    if first is not None and row.store_id not in {share[0] for share in record["plan"] or ()}:
        facts.append(_why_not(row, first, record["rules"]))
    return " · ".join(facts)


def _why_not(row: _Shown, first: _Shown, rules: Sequence[str]) -> str:
    """Name the first rule that tells a store from the chosen one."""
    for rule in rules:
        if _figure(row, rule) != _figure(first, rule):
            return _("lost by “%(rule)s”: %(own)s against %(theirs)s") % {
                "rule": RuleCode(rule).label,
                "own": _said(row, rule),
                "theirs": _said(first, rule),
            }
    return _("farther by %(distance)s") % {"distance": _kilometres(max(0, row.metres - first.metres))}


def _figure(row: _Shown, rule: str) -> object:
    return {
        RuleCode.NEAREST: row.metres,
        RuleCode.LEAST_LOADED: row.used * 1_000_000 // max(row.room, 1),
        RuleCode.DEEPEST_STOCK: min(row.sellable),
        RuleCode.BROKEN_RUNS: row.broken_sizes,
        RuleCode.OLDEST_MARKDOWN: row.marked_down_days,
        RuleCode.CHEAPEST: row.fee_fen,
        RuleCode.ACCEPTANCE: row.accepted * 1_000_000 // row.offers if row.offers else None,
    }[RuleCode(rule)]


def _said(row: _Shown, rule: str) -> str:
    """Say the figure of a rule as people do."""
    code = RuleCode(rule)
    if code == RuleCode.NEAREST:
        return _kilometres(row.metres)
    if code == RuleCode.CHEAPEST and row.fee_fen is not None:
        return money.format_fen(row.fee_fen)
    if code == RuleCode.LEAST_LOADED:
        return f"{row.used}/{row.room}"
    if code == RuleCode.ACCEPTANCE:
        return f"{row.accepted}/{row.offers}"
    figure = _figure(row, rule)
    return "—" if figure is None else str(figure)


def _kilometres(metres: int) -> str:
    return f"{metres} m" if metres < 1000 else f"{metres / 1000:.1f} km"


def _opening(minutes: int) -> str:
    if minutes <= 0:
        return _("open")
    if minutes < 60:
        return _("opens in %(minutes)s min") % {"minutes": minutes}
    return _("opens in %(hours)s h") % {"hours": round(minutes / 60)}


def _notes(record: Mapping[str, Any], names: Mapping[int, str], *, hidden: int) -> list[str]:
    """Say what else counted: farther stores, stores left out by the filters, and stores lost to others meanwhile."""
    notes = []
    more = record["more"] + hidden
    if more:
        notes.append(
            ngettext("%(count)s more store ranks behind.", "%(count)s more stores rank behind.", more) % {"count": more}
        )
    left_out: dict[str, int] = {}
    for counts in record["rest"]:
        for reason, count in counts.items():
            left_out[reason] = left_out.get(reason, 0) + count
    if left_out:
        words = ", ".join(f"{_refusal(reason)} {count}" for reason, count in left_out.items())
        notes.append(_("Left out: %(reasons)s.") % {"reasons": words})
    for store_id, reason in record.get("refused", ()):
        words = _("is full now") if reason == "full" else _("has just sold it")
        notes.append(f"{names.get(store_id, store_id)} {words}")
    if record.get("offers"):
        notes.append(
            ngettext(
                "%(count)s offer came back; no more are made.",
                "%(count)s offers came back; no more are made.",
                record["offers"],
            )
            % {"count": record["offers"]}
        )
    if record.get("bounded"):
        notes.append(_("The search for a split was cut short."))
    return notes


def _refusal(reason: str) -> str:
    return {
        "inactive": _("inactive"),
        "no_consent": _("without consent"),
        "no_service": _("without this service"),
        "excluded": _("asked before"),
        "count_too_old": _("counted too long ago"),
        "closed": _("closed too long"),
        "full": _("full for the day"),
        "out_of_reach": _("out of the courier's reach"),
    }.get(reason, reason)

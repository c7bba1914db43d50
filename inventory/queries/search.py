"""What a query for words means, which words it may have meant, and what may be suggested while it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.choices import ColorFamily
from inventory.queries.catalogue import fetch_rows
from inventory.rules import words as rules
from inventory.sql import listing as sql
from omni.kernel import bilingual

if TYPE_CHECKING:
    from inventory.rules.words import Token

SUGGESTED_WORDS = 5
SUGGESTED_PRODUCTS = 4


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query that was cut into words. `is_any`: a product needs to have only one of them."""

    text: str
    tokens: tuple[Token, ...]
    is_any: bool = False

    @property
    def match(self) -> str:
        """Return what products must match, as a tsquery's text."""
        return (" | " if self.is_any else " & ").join(f"({token.tsquery})" for token in self.tokens)

    @property
    def families(self) -> tuple[ColorFamily, ...]:
        """Return the colour families that the query names."""
        return rules.families_of(self.tokens)

    @property
    def values(self) -> dict[str, list[str]]:
        """Return the parameters that tell how well a product answers each word."""
        return {
            "in_name": [token.weighing("A") for token in self.tokens],
            "in_kind": [token.weighing("B") for token in self.tokens],
            "in_any": [token.tsquery for token in self.tokens],
        }

    @property
    def words(self) -> list[str]:
        """Return the words as they were typed, folded."""
        return [token.text for token in self.tokens]


@dataclass(frozen=True, slots=True)
class SuggestedProduct:
    """A product that may be meant by what has been typed; `is_of_color`: in the colour that was asked for."""

    brand_code: str
    code: str
    name_zh: str
    name_en: str
    brand_name_zh: str
    brand_name_en: str
    shape: str
    color_hex: str
    is_of_color: bool

    @property
    def brand_name(self) -> str:
        """Return the brand's name in the language active now."""
        return bilingual.pick(self.brand_name_zh, self.brand_name_en)


def understand(text: str, *, is_any: bool = False) -> SearchQuery | None:
    """Cut a query into words; None when there is none in it."""
    tokens = rules.cut_query(text)
    return SearchQuery(text, tokens, is_any) if tokens else None


def find_meant(query: SearchQuery) -> SearchQuery | None:
    """Return the query with the word that nobody knows replaced by the nearest known one, or None; two statements.

    A word is near when a character or two are other, missing, too many or swapped (`rules.is_near`).
    """
    known = {row[0] for row in fetch_rows(sql.KNOWN_WORDS, {"words": [token.tsquery for token in query.tokens]})}
    unknown = [token.text for place, token in enumerate(query.tokens) if place not in known]
    windows = [
        window for window in rules.windows_of(query.text) if not unknown or any(word in window for word in unknown)
    ]
    likely = _words_like(windows)
    for window in windows:
        if likely.get(window):
            text = rules.fold(query.text).replace(window, likely[window])
            # Spaces between the words of one language mean nothing where the other begins.
            return understand(text)
    return None


def _words_like(windows: list[str]) -> dict[str, str]:
    """Return for each part of a query the known word nearest to it, if any; of equally near ones the commonest."""
    pairs = [(window, pattern) for window in windows for pattern in rules.patterns_of(window)]
    values = {
        "windows": [window for window, _pattern in pairs],
        "patterns": [pattern for _window, pattern in pairs],
        "latin": [window for window in windows if window.isascii()],
    }
    best: dict[str, tuple[int, int, str]] = {}
    for window, word, products in fetch_rows(sql.WORDS_LIKE, values):
        if rules.is_near(window, word):
            rank = (rules.distance(window, word), -products, word)
            best[window] = min(best.get(window, rank), rank)
    return {window: word for window, (_distance, _products, word) in best.items()}


def suggest_words(text: str) -> list[str]:
    """Return the query with its last word completed, the commonest completions first; one statement."""
    folded = rules.fold(text)
    runs = rules.runs(folded)
    if not runs:
        return []
    last = rules.pieces_of(runs[-1])[-1]
    before = folded[: len(folded) - len(last)] if folded.endswith(last) else ""
    beginning = last.replace("\\", "").replace("%", "").replace("_", "")
    values: dict[str, Any] = {"beginning": f"{beginning}%", "limit": SUGGESTED_WORDS}
    return [before + word for (word,) in fetch_rows(sql.SUGGEST_WORDS, values)]


def suggest_products(text: str) -> list[SuggestedProduct]:
    """Return the products that a half typed query may mean: its last word need only be begun; one statement."""
    query = understand(text)
    if query is None:
        return []
    *whole, last = query.tokens
    begun = " | ".join([last.tsquery, *(f"{rules.quoted(form[0])}:*" for form in last.forms if len(form) == 1)])
    match = " & ".join([*(f"({token.tsquery})" for token in whole), f"({begun})"])
    values = {
        **query.values,
        "shades": list(query.families),
        "shade_words": query.words,
        "match": match,
        "limit": SUGGESTED_PRODUCTS,
    }
    return [SuggestedProduct(*row) for row in fetch_rows(sql.SUGGEST_PRODUCTS, values)]

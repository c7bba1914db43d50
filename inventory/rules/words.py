"""The words of the search: how texts and queries are cut, and how near two words are. Pure, and in this one place.

Of Chinese every word is kept (rjieba knows them), every character and every two neighbours, so that a query finds what
the dictionary would have cut in another way.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rjieba

from inventory.choices import FAMILY_WORDS, ColorFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LONGEST_QUERY = 60
MOST_TOKENS = 6
# What a product's words are worth: its name, its category and colours, brand and codes, cloth.
WEIGHTS = {"name": "A", "kind": "B", "other": "C", "cloth": "D"}

_HAN = "\u3400-\u9fff"
_RUN = re.compile(rf"[{_HAN}]+|[a-z0-9]+(?:[-'_./][a-z0-9]+)*")
_PARTS = re.compile(r"[-'_./]")
_STOP = frozenset({"的", "了", "和", "与", "a", "an", "and", "for", "in", "of", "the", "with"})
_COLOR_SIGNS = {
    "黑": "black",
    "白": "white",
    "灰": "grey",
    "米": "beige",
    "棕": "brown",
    "褐": "brown",
    "红": "red",
    "粉": "pink",
    "橙": "orange",
    "橘": "orange",
    "黄": "yellow",
    "绿": "green",
    "蓝": "blue",
    "紫": "purple",
}
# What else the thing is called; only queries are widened by it.
_SAME = {
    "真丝": ("桑蚕丝",), "羊绒": ("山羊绒",), "毛衣": ("针织",), "毛衫": ("针织",), "开衫": ("针织",),
    "裙子": ("裙",), "裤子": ("裤",), "外套": ("夹克", "大衣"), "风衣": ("大衣",), "西服": ("西装",),
    "包包": ("包",), "短袖": ("t恤",), "羽绒": ("鹅绒",), "衬衣": ("衬衫",), "帽衫": ("连帽卫衣",),
    "sweater": ("knit", "knitwear"), "jumper": ("knit", "knitwear"), "pant": ("trouser",), "suit": ("blazer",),
    "tshirt": ("t-shirt",), "blouse": ("shirt",), "parka": ("down jacket",), "hoody": ("hoodie",),
}  # fmt: skip
_FAMILIES = {word: family for family, words in FAMILY_WORDS.items() for word in words.split()}
_LETTER_SIZES = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "2XL", "XXXL", "3XL", "4XL")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a query. Any of `forms` will do; each is a set of lexemes that must all be there."""

    text: str
    forms: tuple[tuple[str, ...], ...]

    @property
    def tsquery(self) -> str:
        """Return what matches the word, in the syntax of PostgreSQL's tsquery."""
        return " | ".join("(" + " & ".join(map(quoted, form)) + ")" for form in self.forms)

    def weighing(self, weight: str) -> str:
        """Return what matches the word where it is worth this much."""
        return " | ".join("(" + " & ".join(f"{quoted(part)}:{weight}" for part in form) + ")" for form in self.forms)


def fold(text: str) -> str:
    """Return a text as it is compared: without full width, letter case and needless spaces."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())


def cut_query(query: str) -> tuple[Token, ...]:
    """Return the first words of a query; words that carry no meaning are left out unless there are no others."""
    pieces = [piece for run in runs(query) for piece in pieces_of(run)]
    telling = [piece for piece in pieces if piece not in _STOP] or pieces
    return tuple(Token(piece, _forms(piece)) for piece in list(dict.fromkeys(telling))[:MOST_TOKENS])


def countable(query: str) -> str:
    """Return the words of a query as they may be counted, "" when it has more of them than are looked for."""
    words = " ".join(runs(query))
    pieces = {piece for run in runs(query) for piece in pieces_of(run)}
    return words if len(pieces) <= MOST_TOKENS and len(words) <= LONGEST_QUERY else ""


def runs(text: str) -> list[str]:
    """Return the runs of Chinese, and the words of letters and digits, of a text."""
    return _RUN.findall(fold(text))


def pieces_of(run: str) -> list[str]:
    """Return the words of a run."""
    return [str(piece) for piece in rjieba.cut(run, True)] if _is_han(run) else [run]  # noqa: FBT003  its signature


def families_of(tokens: Iterable[Token]) -> tuple[ColorFamily, ...]:
    """Return the colour families that the words of a query name: 红色, 红, 红裙, red."""
    named = [
        _FAMILIES.get(token.text) or (_COLOR_SIGNS.get(token.text[0]) if len(token.text) <= 2 else None)
        for token in tokens
    ]
    return tuple(dict.fromkeys(ColorFamily(family) for family in named if family))


def document_of(words: Mapping[str, Sequence[str]]) -> str:
    """Return the search document of a product as a tsvector's text: lexemes with the weights of where they stand.

    `words` has the texts by place (the keys of `WEIGHTS`), `families` of its colours, and `codes` found only whole.
    """
    kinds = [*words.get("kind", ()), *(FAMILY_WORDS[ColorFamily(family)] for family in words.get("families", ()))]
    texts = {"name": words.get("name", ()), "kind": kinds, "other": words.get("other", ())}
    texts["cloth"] = words.get("cloth", ())
    found: dict[str, dict[str, None]] = {}
    for place, weight in WEIGHTS.items():
        for text in texts[place]:
            for lexeme in lexemes_of(text):
                found.setdefault(lexeme, {})[weight] = None
    for code in words.get("codes", ()):
        found.setdefault(fold(code), {})["C"] = None
    return " ".join(
        f"{quoted(lexeme)}:{','.join(f'{1 + ord(weight) - 65}{weight}' for weight in weights)}"
        for lexeme, weights in found.items()
        if lexeme
    )


def terms_of(words: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the words of a product that may be suggested, and that a typing mistake is compared with."""
    texts = [*words.get("name", ()), *words.get("kind", ()), *words.get("other", ())]
    texts += [FAMILY_WORDS[ColorFamily(family)] for family in words.get("families", ())]
    terms = [piece for text in texts for run in runs(text) for piece in pieces_of(run)]
    return list(dict.fromkeys(term for term in terms if len(term) >= (2 if _is_han(term) else 3)))


def lexemes_of(text: str) -> Iterator[str]:
    """Return the lexemes under which a text is found."""
    for run in runs(text):
        if _is_han(run):
            yield from rjieba.cut_for_search(run)
            yield from run
            yield from _pairs(run)
        else:
            yield stem(run)
            yield from map(stem, _PARTS.split(run))


def stem(word: str) -> str:
    """Return an English word without the ending of a plural; enough for garments."""
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 4 and word.endswith("ves"):
        return f"{word[:-3]}f"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def windows_of(query: str) -> list[str]:
    """Return the parts of a query that may be one mistyped word: neighbouring pieces of Chinese, English words."""
    found: list[str] = []
    for run in runs(query):
        pieces = pieces_of(run)[:12]
        for first in range(len(pieces)):
            for last in range(first + 1, min(first + 4, len(pieces)) + 1):
                window = "".join(pieces[first:last])
                if 2 <= len(window) <= 20:
                    found.append(window)
    return sorted(dict.fromkeys(found), key=len, reverse=True)[:20]


def patterns_of(window: str) -> list[str]:
    """Return the LIKE patterns of the Chinese words with one character other, missing or too many."""
    if not _is_han(window) or len(window) > 8:
        return []
    other = [f"{window[:place]}_{window[place + 1 :]}" for place in range(len(window))]
    missing = [f"{window[:place]}_{window[place:]}" for place in range(len(window) + 1)]
    extra = [f"{window[:place]}{window[place + 1 :]}" for place in range(len(window))] if len(window) > 2 else []
    return [*other, *missing, *extra]


def is_near(window: str, word: str) -> bool:
    """Tell whether a word may be what was meant: one slip in a short word, two in a longer one."""
    most = 1 if _is_han(window) or len(window) < 5 else 2
    return window != word and distance(window, word) <= most


@functools.lru_cache(maxsize=4096)
def distance(one: str, other: str) -> int:
    """Return how many letters must be changed, left out, added or swapped with the next (Damerau, one swap a place)."""
    rows = [list(range(len(other) + 1))]
    for down, sign in enumerate(one, 1):
        row = [down]
        for across, against in enumerate(other, 1):
            best = min(rows[-1][across] + 1, row[-1] + 1, rows[-1][across - 1] + (sign != against))
            if down > 1 and across > 1 and sign == other[across - 2] and one[down - 2] == against:
                best = min(best, rows[-2][across - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def size_place(name: str) -> tuple[int, float, str]:
    """Return where a size stands among others: letters from small to large, numbers, the rest."""
    if name in _LETTER_SIZES:
        return 0, _LETTER_SIZES.index(name), name
    try:
        return 1, float(name), name
    except ValueError:
        return 2, 0, name


def _forms(piece: str) -> tuple[tuple[str, ...], ...]:
    """Return how a piece of a query, or what else it is called, may stand in a document."""
    same = _SAME.get(piece if _is_han(piece) else stem(piece), ())
    return (*_own_forms(piece), *(tuple(part for run in runs(other) for part in _whole(run)) for other in same))


def _whole(run: str) -> list[str]:
    return _pairs(run) if _is_han(run) and len(run) > 1 else [stem(run)]


def _own_forms(piece: str) -> tuple[tuple[str, ...], ...]:
    if not _is_han(piece):
        parts = tuple(map(stem, _PARTS.split(piece)))
        return ((stem(piece),),) if len(parts) == 1 else ((piece,), (stem(piece),), parts)
    if len(piece) > 2:
        return ((piece,), tuple(_pairs(piece)))
    if len(piece) == 2 and piece[0] in _COLOR_SIGNS and piece not in _FAMILIES:
        return ((piece,), tuple(piece))
    return ((piece,),)


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _is_han(text: str) -> bool:
    return "\u3400" <= text[0] <= "\u9fff"


def quoted(lexeme: str) -> str:
    """Return a lexeme as it stands in the texts of tsvector and tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"

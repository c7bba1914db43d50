"""The demo's size charts: a body table by fit, a garment table by category, graded from size to size."""

from __future__ import annotations

from typing import Any

# Body: (height, chest, waist, hips) of the smallest letter size by fit, each the lower end of a span of four.
SMALLEST = {"women": (155, 76, 60, 84), "men": (165, 84, 70, 86), "unisex": (155, 78, 62, 84)}
SPAN = 4
# Hips are so much wider than the waist, in centimetres.
HIPS_OVER_WAIST = {"women": 25, "men": 18, "unisex": 21}
CENTIMETRES_AN_INCH = 2.54

# Garment: (measure, centimetres of the smallest size for women, step to the next size) by category.
_TOP = {
    "shirt": (("bust", 92, 4), ("shoulder", 38, 1), ("sleeve", 58, 1), ("length", 66, 1.5)),
    "tee": (("bust", 90, 4), ("shoulder", 39, 1), ("sleeve", 19, 0.5), ("length", 62, 1.5)),
    "knit": (("bust", 92, 4), ("shoulder", 39, 1), ("sleeve", 57, 1), ("length", 58, 1.5)),
    "hoodie": (("bust", 102, 4), ("shoulder", 50, 1.5), ("sleeve", 53, 1), ("length", 62, 2)),
    "blazer": (("bust", 92, 4), ("waist", 82, 4), ("shoulder", 38.5, 1), ("sleeve", 59, 1), ("length", 68, 1.5)),
    "jacket": (("bust", 102, 4), ("shoulder", 43, 1.5), ("sleeve", 59, 1), ("length", 60, 2)),
    "coat": (("bust", 100, 4), ("shoulder", 41, 1.5), ("sleeve", 58, 1), ("length", 104, 2)),
    "down": (("bust", 108, 4), ("shoulder", 43, 1.5), ("sleeve", 60, 1), ("length", 64, 2)),
    "dress": (("bust", 86, 4), ("waist", 68, 4), ("shoulder", 36, 1), ("length", 108, 2)),
    "slip": (("bust", 82, 4), ("waist", 72, 4), ("length", 112, 2)),
    "skirt": (("waist", 62, 4), ("hip", 92, 4), ("hem", 150, 6), ("length", 72, 1)),
}
_LOWER = {
    "trousers": (("hip", 94, 3), ("hem", 32, 1), ("inseam", 72, 0.5), ("length", 98, 1)),
    "wide": (("hip", 96, 3), ("hem", 56, 2), ("inseam", 74, 0.5), ("length", 102, 1)),
    "jeans": (("hip", 94, 3), ("hem", 36, 1), ("inseam", 73, 0.5), ("length", 100, 1)),
    "shorts": (("hip", 98, 3), ("hem", 56, 2), ("inseam", 18, 0.5), ("length", 44, 1)),
}
_ONE = {"scarf": (("width", 200), ("depth", 70)), "bag": (("width", 34), ("length", 28), ("depth", 13))}
# Menswear is cut larger; what everybody wears lies between.
LARGER = {"women": 0, "men": 10, "unisex": 4}
LONGER = {"women": 0, "men": 5, "unisex": 2}
WIDE = frozenset({"bust", "waist", "hip", "shoulder"})
# What a cut changes: centimetres by measure.
CUTS = {
    "short": {"length": -9.0}, "relaxed": {"bust": 10.0, "shoulder": 5.0, "sleeve": -3.0},
    "drop": {"bust": 8.0, "shoulder": 8.0, "sleeve": -5.0}, "slim": {"bust": -4.0, "hip": -3.0, "hem": -2.0},
    "far": {"length": 26.0}, "cocoon": {"bust": 8.0}, "ankle": {"inseam": -6.0, "length": -6.0},
    "long": {"sleeve": 40.0}, "knee": {"inseam": 8.0, "length": 8.0}, "wide": {"hem": 14.0}, "flare": {"hem": 8.0},
    "tea": {"length": 8.0}, "large": {"width": 8.0, "length": 5.0}, "shawl": {"width": -20.0, "depth": 40.0},
}  # fmt: skip
Table = dict[str, Any]


def charts(category: str, fit: str, sizes: tuple[str, ...], marks: frozenset[str]) -> tuple[Table, Table]:
    """Return the body table and the garment table of a category in a fit, with the cuts of a style."""
    if category in _ONE:
        measures = [(measure, value + _cut(measure, marks)) for measure, value in _ONE[category]]
        return {}, _table([measure for measure, _value in measures], {"F": [_tidy(value) for _m, value in measures]})
    is_waist = category in _LOWER
    body = _waist_body(fit, sizes) if is_waist else _letter_body(fit, sizes)
    grades = [grade for grade in (*_TOP.get(category, ()), *_LOWER.get(category, ())) if _is_there(grade[0], marks)]
    rows = {
        size: [_tidy(_graded(grade, step, fit) + _cut(grade[0], marks)) for grade in grades]
        for step, size in enumerate(sizes)
    }
    if is_waist:
        rows = {size: [round(int(size) * CENTIMETRES_AN_INCH), *values] for size, values in rows.items()}
    return body, _table([*(["waist"] if is_waist else []), *[grade[0] for grade in grades]], rows)


def _is_there(measure: str, marks: frozenset[str]) -> bool:
    return not (measure == "sleeve" and "sleeveless" in marks)


def _graded(grade: tuple[str, float, float], step: int, fit: str) -> float:
    measure, smallest, a_size = grade
    more = LARGER[fit] if measure in WIDE - {"shoulder"} else (LONGER[fit] if measure != "hem" else 0)
    return smallest + more + step * a_size


def _cut(measure: str, marks: frozenset[str]) -> float:
    return sum(CUTS.get(mark, {}).get(measure, 0.0) for mark in marks)


def _letter_body(fit: str, sizes: tuple[str, ...]) -> Table:
    height, *girths = SMALLEST[fit]
    return _table(
        ["height", "bust", "waist", "hip"],
        {
            size: [
                f"{height + 5 * step}–{height + 5 * step + 5}",
                *[f"{girth + SPAN * step}–{girth + SPAN * step + SPAN}" for girth in girths],
            ]
            for step, size in enumerate(sizes)
        },
    )


def _waist_body(fit: str, sizes: tuple[str, ...]) -> Table:
    waists = {size: round(int(size) * CENTIMETRES_AN_INCH) for size in sizes}
    return _table(["waist", "hip"], {size: [waist, waist + HIPS_OVER_WAIST[fit]] for size, waist in waists.items()})


def _table(measures: list[str], sizes: dict[str, list[Any]]) -> Table:
    return {"measures": measures, "sizes": [[size, *values] for size, values in sizes.items()]}


def _tidy(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 1)

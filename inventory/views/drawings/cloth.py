"""How cloth looks near: prints and textures as SVG patterns, and the tones of a colour."""

from __future__ import annotations

# Each as (width, height, marks); %(ink)s is the colour that stands out from the cloth.
_LINE = '<path d="{}" stroke="%(ink)s" stroke-opacity="{}" stroke-width="{}" fill="none"/>'
MOTIFS: dict[str, tuple[float, float, str]] = {
    "stripe": (40, 26, '<rect width="40" height="11" fill="%(ink)s" fill-opacity=".72"/>'),
    "pinstripe": (14, 14, _LINE.format("M4 0 V14", ".5", "1.4")),
    "check": (
        44,
        44,
        '<path d="M0 0h16v44h-16Z M0 0h44v16h-44Z" fill="%(ink)s" fill-opacity=".24"/>'
        + _LINE.format("M30 0 V44 M0 30 H44", ".4", "1.6"),
    ),
    "marl": (16, 16, _LINE.format("M1 3l3 1 M9 1l3 2 M5 9l3-1 M12 11l2 2 M2 13l3 1", ".38", "1.1")),
    "rib": (9, 9, _LINE.format("M2 0 V9", ".3", "2.4")),
    "cable": (
        46,
        34,
        _LINE.format(
            "M14 0 C14 9 30 9 30 17 C30 25 14 25 14 34 M30 0 C30 9 14 9 14 17 C14 25 30 25 30 34 M5 0 V34 M40 0 V34",
            ".34",
            "2.2",
        ),
    ),
    "dots": (
        26,
        26,
        '<g fill="%(ink)s" fill-opacity=".66"><circle cx="6" cy="6" r="2.6"/><circle cx="19" cy="19" r="2.6"/></g>',
    ),
    "fairisle": (
        32,
        70,
        '<g fill="%(ink)s" fill-opacity=".66"><path d="M16 4 l8 9 -8 9 -8-9Z M0 4 l4 4.5 -4 4.500Z M32 4 l-4 4.5 4 4.500Z"/><path d="M0 30h6v6H0Z M12 30h8v6h-8Z M26 30h6v6h-6Z"/></g>'
        + _LINE.format("M0 50 l8 8 8-8 8 8 8-8", ".6", "2.6"),
    ),
    "floral": (
        58,
        58,
        '<g fill="%(ink)s" fill-opacity=".62"><circle cx="14" cy="9" r="3.6"/><circle cx="20" cy="13" r="3.6"/><circle cx="18" cy="20" r="3.6"/><circle cx="10" cy="20" r="3.6"/><circle cx="8" cy="13" r="3.6"/><circle cx="43" cy="39" r="2.6"/><circle cx="48" cy="42" r="2.6"/><circle cx="46" cy="48" r="2.6"/><circle cx="40" cy="48" r="2.6"/><circle cx="38" cy="42" r="2.6"/></g>'
        + _LINE.format("M18 24 C22 32 20 38 26 42 M46 52 C44 56 48 58 44 60 M24 36 c4-4 7-2 8 1", ".5", "1.4"),
    ),
    "lace": (
        18,
        18,
        '<g fill="#17120e" fill-opacity=".26"><ellipse cx="5" cy="5" rx="2.6" ry="3.4"/><ellipse cx="14" cy="14" rx="2.6" ry="3.4"/></g>',
    ),
    "weave": (
        28,
        28,
        _LINE.format(
            "M0 3 H14 M0 7 H14 M0 11 H14 M17 14 V28 M21 14 V28 M25 14 V28 M14 3 M17 0 V14 M21 0 V14 M25 0 V14 M0 17 H14 M0 21 H14 M0 25 H14",
            ".34",
            "2",
        ),
    ),
}
CLOTHS: dict[str, tuple[float, float, str]] = {
    "knit": (7, 7, _LINE.format("M0 1 L3.5 5 L7 1", ".2", "1")),
    "twill": (6, 6, _LINE.format("M-1 7 L7 -1 M-1 1 L1 -1 M5 7 L7 5", ".16", ".9")),
    "denim": (5, 5, _LINE.format("M-1 6 L6 -1 M-1 1 L1 -1 M4 6 L6 4", ".3", ".9")),
    "wool": (13, 13, _LINE.format("M1 2l2 1 M8 1l1 2 M5 6l2-1 M11 8l1 1 M2 10l2 1 M8 11l2-1", ".24", ".9")),
    "linen": (11, 11, _LINE.format("M0 2 H7 M4 6 H11 M0 9 H5 M2 0 V6 M7 4 V11", ".15", ".8")),
    "leather": (
        15,
        15,
        _LINE.format(
            "M1 4 C3 2 5 3 6 5 M9 2 C11 3 12 5 14 4 M4 10 C6 9 7 11 9 10 M11 12 C12 10 14 11 14 13", ".2", "1"
        ),
    ),
    "fuzzy": (
        17,
        17,
        _LINE.format(
            "M2 3 C4 1 6 2 8 1 M10 7 C12 5 13 7 16 5 M1 12 C3 10 6 12 7 10 M9 15 C11 13 13 15 15 13", ".24", "1.2"
        ),
    ),
}


def patterns(motif: str, cloth: str, ink: str, *, scale: float = 1, upright: bool = False) -> str:
    """Return the pattern elements "motif" and "cloth" of a drawing; those that need none are left out."""
    found = []
    for name, key, book in (("motif", motif, MOTIFS), ("cloth", cloth, CLOTHS)):
        if key in book:
            width, height, marks = book[key]
            turn = " rotate(90)" if upright and name == "motif" and key == "stripe" else ""
            found.append(
                f'<pattern id="{name}" width="{width:g}" height="{height:g}" patternUnits="userSpaceOnUse"'
                f' patternTransform="scale({scale:g}){turn}">{marks % {"ink": ink}}</pattern>'
            )
    return "".join(found)


def layers(motif: str, cloth: str, area: str) -> str:
    """Return an area filled with the patterns that there are."""
    return "".join(
        f'<path d="{area}" fill="url(#{name})"/>'
        for name, key, book in (("motif", motif, MOTIFS), ("cloth", cloth, CLOTHS))
        if key in book
    )


def luminance(color: str) -> float:
    """Return how light a colour ("#8a6d4f") is, from 0 to 1."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return float(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)


def toned(color: str, lighter: float) -> str:
    """Return a colour moved towards white, or towards black when `lighter` is below nought."""
    target = 255 if lighter > 0 else 0
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (target - part) * abs(lighter)):02x}" for part in parts)

"""Drawings of garments as SVG, for products without photographs: from the front, the back, near, and worn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.views.drawings import lower, outer, tops
from inventory.views.drawings.cloth import layers, luminance, patterns, toned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from inventory.rules import Drawing
    from inventory.views.drawings.paper import Sketch

GARMENTS: dict[str, Callable[[Drawing], Sketch]] = {
    "shirt": tops.shirt, "tee": tops.tee, "knit": tops.knit, "hoodie": tops.hoodie,
    "trousers": lower.trousers, "jeans": lower.trousers, "wide": lower.wide, "shorts": lower.shorts,
    "skirt": lower.skirt, "dress": lower.dress, "slip": lower.slip, "scarf": lower.scarf, "bag": lower.bag,
    "blazer": outer.blazer, "jacket": outer.jacket, "coat": outer.coat, "down": outer.down,
}  # fmt: skip
# Stripes of a shirt run down, those of a tee or a jumper across.
UPRIGHT = frozenset({"shirt", "dress", "trousers", "shorts", "skirt"})
SHINY = frozenset({"satin", "nylon", "leather"})
DENIM_THREAD, BRASS = "#d6a45c", "#c9a865"
SKIN, SKIN_LINE, NEUTRAL, NEUTRAL_TOP = "#d9b79b", "#a98467", "#4f4a48", "#ece5da"


def draw(drawing: Drawing, color: str) -> str:
    """Return the picture of a garment in a colour ("#8a6d4f"), 4 to 5.

    :raises KeyError: when nobody knows how to draw that garment.
    """
    sketch = GARMENTS[drawing.shape](drawing)
    if drawing.view == "detail":
        return _page("0 0 400 500", _near(drawing, sketch, color), color)
    if drawing.view == "figure" and sketch.figure:
        return _page("-104 -62 608 760", _figure(drawing, sketch, color), color)
    shadow = '<ellipse cx="200" cy="466" rx="112" ry="8" fill="#2b2118" opacity=".14"/>'
    return _page("0 0 400 500", shadow + _garment(drawing, sketch, color), color)


def _page(box: str, content: str, color: str) -> str:
    # A light garment lies on darker paper, or it could not be seen.
    paper = ("#d5cabb", "#c3b6a4") if luminance(color) > 0.62 else ("#f0eae0", "#e0d6c8")
    x, y, width, height = box.split()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img"><defs>'
        '<linearGradient id="ground" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{paper[0]}"/><stop offset="1" stop-color="{paper[1]}"/></linearGradient>'
        '<filter id="soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="5"/></filter>'
        '<linearGradient id="light" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#000" stop-opacity=".2"/>'
        '<stop offset=".3" stop-color="#fff" stop-opacity=".12"/><stop offset=".6" stop-color="#fff" stop-opacity="0"/>'
        '<stop offset="1" stop-color="#000" stop-opacity=".24"/></linearGradient></defs>'
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="url(#ground)"/>{content}</svg>'
    )


def _tones(color: str) -> tuple[str, str, float]:
    """Return what stands out from a colour: the ink of prints, and the line of seams with its opacity."""
    if luminance(color) < 0.16:
        return "#f1e9dc", "#f4ede2", 0.34
    return ("#fffdf8" if luminance(color) < 0.3 else toned(color, -0.62)), "#1d1712", 0.42


def _garment(drawing: Drawing, sketch: Sketch, color: str) -> str:
    """Return a garment laid flat."""
    ink, line, opacity = _tones(color)
    thread = DENIM_THREAD if drawing.cloth == "denim" else line
    shine = ".3" if drawing.cloth in SHINY else ".13"
    under = f'<path d="{sketch.under}" fill="{toned(color, -0.42)}"/>' if sketch.under else ""
    panels = "".join(
        f'<path d="{path}" fill="{toned(color, lighter)}" stroke="{line}" stroke-opacity="{opacity}" stroke-width="1.5"/>'
        for path, lighter in sketch.panels
    )
    straps = _strokes(sketch.straps, toned(color, -0.35), 1, 11) + _strokes(sketch.straps, toned(color, 0.06), 1, 8)
    fuzz = f'<path d="{sketch.outline}" fill="none" stroke="{color}" stroke-width="7" stroke-dasharray="1.5 2.5" opacity=".8"/>'
    return (
        f'<defs>{patterns(drawing.motif, drawing.cloth, ink, upright=drawing.shape in UPRIGHT)}'
        f'<clipPath id="in"><path d="{sketch.outline}"/></clipPath></defs>'
        f'<path d="{sketch.outline}" fill="#2b2118" opacity=".2" filter="url(#soft)" transform="translate(5 9)"/>{under}<g fill="none">{straps}</g>'
        f'{fuzz if drawing.cloth == "fuzzy" else ""}<path d="{sketch.outline}" fill="{color}"/>'
        f'<g clip-path="url(#in)">{layers(drawing.motif, drawing.cloth, sketch.outline)}{_wash(drawing)}'
        f'<path d="{sketch.outline}" fill="url(#light)"/>'
        f'<g filter="url(#soft)" fill="none" stroke-linecap="round">{_strokes(sketch.folds, "#000", 0.2, 10)}'
        f'<g transform="translate(-13 -2)">{_strokes(sketch.folds, "#fff", float(shine), 9)}</g></g></g>'
        f'<path d="{sketch.outline}" fill="none" stroke="{line}" stroke-opacity="{opacity}" stroke-width="1.8" stroke-linejoin="round"/>'
        f'{panels}<g fill="none" stroke-linecap="round" stroke-linejoin="round">{_strokes(sketch.seams, line, opacity, 1.7)}'
        f'{_strokes(sketch.stitches, thread, min(1, opacity + 0.2), 1.5, dash="5 4")}{_zips(sketch)}</g>'
        f'{_buttons(sketch, color)}{_metal(sketch)}'
    )  # fmt: skip


def _wash(drawing: Drawing) -> str:
    if drawing.motif != "wash":
        return ""
    places = ((160, 240), (240, 240)) if drawing.shape in {"jeans", "trousers"} else ((200, 240), (150, 330))
    return '<g filter="url(#soft)" fill="#fff" opacity=".3">' + "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="26" ry="84"/>' for x, y in places
    ) + "</g>"  # fmt: skip


def _strokes(paths: Iterable[str], color: str, opacity: float, width: float, *, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return "".join(
        f'<path d="{path}" stroke="{color}" stroke-opacity="{opacity:g}" stroke-width="{width:g}"{dashes}/>'
        for path in paths
        if path
    )


def _zips(sketch: Sketch) -> str:
    teeth = _strokes(sketch.zips, "#3a342f", 0.9, 5) + _strokes(sketch.zips, "#cfc6b8", 0.95, 3, dash="2 2.4")
    pulls = "".join(
        f'<path d="M{path[1:].split(" L")[0]} v16" stroke="#b9ad9b" stroke-width="4"/>' for path in sketch.zips
    )
    return teeth + pulls


def _buttons(sketch: Sketch, color: str) -> str:
    fill = "#2a2421" if luminance(color) > 0.2 else "#d9cfc0"
    if luminance(color) > 0.62:
        fill = "#a8977f"
    return "".join(
        f'<g><circle cx="{x:g}" cy="{y:g}" r="4.6" fill="{fill}" stroke="#000" stroke-opacity=".35"/>'
        f'<path d="M{x - 1.6:g} {y - 1.6:g} l3.2 3.2 m0 -3.2 l-3.2 3.2" stroke="#fff" stroke-opacity=".45" stroke-width="1"/></g>'
        for x, y in sketch.buttons
    )


def _metal(sketch: Sketch) -> str:
    return "".join(
        f'<path d="{path}" fill="{BRASS}" stroke="#5d4a22" stroke-opacity=".7" stroke-width="1.6"/>'
        for path in sketch.metal
    )


def _near(drawing: Drawing, sketch: Sketch, color: str) -> str:
    """Return the cloth near by, with a seam, what closes the garment, and its label."""
    ink, line, opacity = _tones(color)
    area = "M0 0 H400 V500 H0 Z"
    folds = ("M-60 150 C120 70 240 230 460 110", "M-60 350 C140 270 250 410 460 300")
    thread = DENIM_THREAD if drawing.cloth == "denim" else line
    return (
        '<defs><filter id="blur" x="-20%" y="-60%" width="140%" height="220%"><feGaussianBlur stdDeviation="20"/></filter>'
        f'{patterns(drawing.motif, drawing.cloth, ink, scale=2.6, upright=drawing.shape in UPRIGHT)}</defs>'
        f'<path d="{area}" fill="{color}"/>{layers(drawing.motif, drawing.cloth, area)}'
        f'<g filter="url(#blur)" fill="none">{_strokes(folds, "#000", 0.16, 50)}'
        f'<g transform="translate(-10 -58)">{_strokes(folds, "#fff", 0.26 if drawing.cloth in SHINY else 0.12, 40)}</g></g>'
        f'<path d="{area}" fill="url(#light)"/>{_closing(sketch, color, line, opacity)}'
        f'<g fill="none">{_strokes(("M0 436 H400",), line, opacity, 2.4)}{_strokes(("M0 446 H400", "M0 458 H400"), thread, 0.75, 2.6, dash="11 7")}</g>'
        '<g transform="translate(58 356) rotate(-2)"><rect width="104" height="44" rx="2" fill="#f6f1e8" stroke="#1d1712" stroke-opacity=".25"/>'
        '<path d="M18 16 H86 M30 28 H74" stroke="#1d1712" stroke-width="3" stroke-opacity=".7"/>'
        '<path d="M4 5 V39 M100 5 V39" stroke="#1d1712" stroke-opacity=".5" stroke-width="1.6" stroke-dasharray="3 3"/></g>'
    )  # fmt: skip


def _closing(sketch: Sketch, color: str, line: str, opacity: float) -> str:
    if sketch.zips:
        return (
            f'<path d="M278 0 H322 V500 H278 Z" fill="{toned(color, -0.3)}"/><g fill="none">'
            f"{_strokes(('M300 0 V500',), '#3a342f', 0.9, 18)}{_strokes(('M300 0 V500',), '#cfc6b8', 1, 11, dash='5 6')}</g>"
            '<path d="M292 150 h16 l4 62 h-24 Z" fill="#b9ad9b" stroke="#4b443b"/>'
        )
    if sketch.buttons:
        fill = toned(color, -0.5) if luminance(color) > 0.2 else "#cdbfab"
        seams = _strokes(("M262 0 V436",), line, opacity, 2.4) + _strokes(
            ("M338 0 V436",), line, opacity, 2, dash="11 7"
        )
        return f'<g fill="none">{seams}</g>' + "".join(
            f'<g transform="translate(300 {y})"><ellipse cx="3" cy="5" rx="23" ry="23" fill="#000" opacity=".25" filter="url(#soft)"/>'
            f'<circle r="21" fill="{fill}" stroke="#000" stroke-opacity=".4" stroke-width="1.5"/><circle r="14" fill="none" stroke="#fff" stroke-opacity=".3" stroke-width="2"/>'
            '<g fill="#17120e" fill-opacity=".75"><circle cx="-4.5" cy="-4.5" r="2.3"/><circle cx="4.5" cy="-4.5" r="2.3"/><circle cx="-4.5" cy="4.5" r="2.3"/><circle cx="4.5" cy="4.5" r="2.3"/></g></g>'
            for y in (110, 280)
        )
    return f'<g fill="none">{_strokes(("M300 0 C296 160 306 300 300 436",), line, opacity, 2.4)}</g>'


def _figure(drawing: Drawing, sketch: Sketch, color: str) -> str:
    """Return the garment worn by a figure."""
    worn = f'<g transform="translate(0 {sketch.drop:g})">{_garment(drawing, sketch, color)}</g>'
    body = (
        '<ellipse cx="200" cy="672" rx="120" ry="9" fill="#2b2118" opacity=".16"/>'
        f'<g fill="none" stroke="{SKIN}" stroke-linecap="round"><path d="M128 124 C112 200 98 270 84 352" stroke-width="27"/>'
        '<path d="M272 124 C288 200 302 270 316 352" stroke-width="27"/><path d="M172 330 C168 460 170 560 170 646" stroke-width="38"/>'
        '<path d="M228 330 C232 460 230 560 230 646" stroke-width="38"/></g>'
        f'<path d="M118 108 C150 92 180 92 184 76 L184 40 L216 40 L216 76 C220 92 250 92 282 108 C276 190 262 220 252 268 C262 300 266 330 264 360 L136 360 C134 330 138 300 148 268 C138 220 124 190 118 108 Z" fill="{SKIN}"/>'
        f'<ellipse cx="200" cy="10" rx="33" ry="42" fill="{SKIN}"/><path d="M163 22 C156 -40 176 -50 200 -50 C224 -50 244 -40 237 22 C232 0 222 -14 200 -16 C178 -14 168 0 163 22 Z" fill="#3b2f29"/>'
        f'<path d="M184 60 C192 68 208 68 216 60 L216 76 C206 84 194 84 184 76 Z" fill="{SKIN_LINE}" opacity=".5"/>'
        '<path d="M150 646 C150 660 152 668 166 668 L192 668 C194 656 190 648 188 640 Z M250 646 C250 660 248 668 234 668 L208 668 C206 656 210 648 212 640 Z" fill="#39322d"/>'
    )
    if sketch.figure == "top":
        top = "M116 106 C150 92 176 92 180 84 C190 96 210 96 220 84 C224 92 250 92 284 106 C300 116 306 150 312 200 L284 206 L272 160 C270 200 256 240 256 300 L144 300 C144 240 130 200 128 160 L116 206 L88 200 C94 150 100 116 116 106 Z"
        body += f'<path d="{top}" fill="{NEUTRAL_TOP}" stroke="#1d1712" stroke-opacity=".2"/>'
    elif sketch.figure == "legs":
        legs = "M142 270 L258 270 C268 320 270 360 266 420 L256 640 L212 640 L203 420 L197 420 L188 640 L144 640 L134 420 C130 360 132 320 142 270 Z"
        body += f'<path d="{legs}" fill="{NEUTRAL}"/><path d="M200 300 V420" stroke="#fff" stroke-opacity=".14" fill="none"/>'
    return body + worn

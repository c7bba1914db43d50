"""Blazers, jackets, coats and down jackets: what is worn over the rest."""

from __future__ import annotations

from inventory.rules import Drawing
from inventory.views.drawings.paper import Sketch, mirrored, twice
from inventory.views.drawings.tops import SLEEVE_FOLDS, hem, neck, sleeve

FRONT_FOLDS = (
    "M268 206 C250 260 264 330 250 404",
    "M136 216 C154 270 142 330 154 404",
    "M134 196 C150 212 160 218 178 222",
)
HOOD = (
    ("M144 96 C134 44 266 44 256 96 C242 128 222 138 200 140 C178 138 158 128 144 96 Z", 0.05),
    ("M162 96 C166 68 234 68 238 96 C230 116 216 124 200 126 C184 124 170 116 162 96 Z", -0.3),
)
LAPEL = "M246 82 C258 96 264 112 262 128 L246 138 L258 152 C244 186 222 222 201 252 C204 190 218 128 246 82 Z"
PEAK = "M246 82 C256 94 262 108 262 122 L276 118 L264 152 C246 188 224 222 201 252 C204 190 218 128 246 82 Z"


def blazer(drawing: Drawing) -> Sketch:
    """Draw a blazer."""
    marks = drawing.marks | {"long"}
    wide = 8 if "relaxed" in marks else 0
    if drawing.view == "back":
        start, line = neck(drawing, side=(246, 82))
        shape = mirrored(start, line, *sleeve(marks, wide=wide), *hem(426, out=288))
        return Sketch(
            shape,
            FRONT_FOLDS,
            ("M200 92 L200 430", *twice("M278 216 C268 190 266 160 272 116", "M262 140 C252 240 256 330 262 426")),
            panels=(("M152 84 C170 72 230 72 248 84 L252 102 C230 92 170 92 148 102 Z", 0.06),),
        )
    waist = (270, 250, 268, 280, 272, 300) if "waisted" in marks else (276, 250, 278, 280, 280, 300)
    shape = mirrored(
        (200, 250),
        (204, 190, 220, 128, 246, 82),
        *sleeve(marks, wide=wide),
        waist,
        (284, 340, 288, 390, 288, 420),
        (262, 430, 232, 432, 200, 428),
    )
    lapels = () if "collarless" in marks else twice(PEAK if "double" in marks else LAPEL)
    right = 226 if "double" in marks else 203
    seams = [
        f"M200 250 L{200 + (right - 200) * 0.6:g} 300 L{right} 428",
        *twice("M278 216 C268 190 266 160 272 116", "M222 330 L270 326 L270 338 L222 342 Z"),
    ]
    seams.append("M236 196 L262 192")
    rows = (270, 312, 354) if "double" in marks else ((280,) if "single" in marks else (276, 318))
    buttons = tuple((x, float(y)) for y in rows for x in ((184.0, 218.0) if "double" in marks else (197.0,)))
    return Sketch(
        shape,
        (*FRONT_FOLDS, *twice(*SLEEVE_FOLDS[:1])),
        tuple(seams),
        panels=tuple((path, 0.08) for path in lapels),
        buttons=buttons,
        under=_lining(),
    )


def _lining() -> str:
    return "M152 84 C174 96 226 96 248 84 L250 130 L202 254 L198 254 L150 130 Z"


def coat(drawing: Drawing) -> Sketch:
    """Draw a coat."""
    marks = drawing.marks | {"long"}
    bottom = 400 if "short" in marks else 462
    out = 282 if "cocoon" in marks else 300
    side = ((296, 260, 304, 360, out, bottom),) if "cocoon" in marks else ((276, 256, 284, 360, out, bottom),)
    low = (262, bottom + 9, 232, bottom + 10, 200, bottom + 8)
    arms = twice("M278 216 C268 190 266 160 272 116", "M294 328 C308 334 322 330 334 324")
    belt = ("M116 262 C160 272 240 272 284 262 L286 286 C240 296 160 296 114 286 Z", -0.12)
    panels = [belt] if "belted" in marks else []
    if drawing.view == "back":
        start, line = neck(drawing, side=(246, 82))
        shape = mirrored(start, line, *sleeve(marks, wide=8), *side, low)
        if "hood" in marks:
            panels.append(("M146 92 C150 60 250 60 254 92 C262 150 226 196 200 204 C174 196 138 150 146 92 Z", -0.06))
        else:
            panels.append(("M152 84 C170 72 230 72 248 84 L254 104 C230 92 170 92 146 104 Z", 0.06))
        return Sketch(
            shape, FRONT_FOLDS, ("M200 96 L200 300", f"M200 300 L206 {bottom + 8}", *arms), panels=tuple(panels)
        )
    shape = mirrored((200, 238), (204, 180, 220, 124, 246, 82), *sleeve(marks, wide=8), *side, low)
    double = "double" in marks
    edge = 222 if double else 206
    seams = [f"M200 238 L{edge} 276 L{edge + 4} {bottom + 8}", *arms, *twice("M230 334 L268 322 L272 334 L234 347 Z")]
    buttons = tuple(
        (x, float(y)) for y in (258, 306, 354) if y < bottom for x in ((184.0, 216.0) if double else (199.0,))
    )
    if "hood" in marks:
        panels += [HOOD[0], HOOD[1]]
    else:
        lapel = PEAK if "peak" in marks or double else LAPEL
        panels += [(path, 0.08) for path in twice(lapel.replace("252", "240"))]
    metal = ("M188 258 L214 258 L214 290 L188 290 Z",) if "belted" in marks else ()
    return Sketch(
        shape,
        (*FRONT_FOLDS, *twice(*SLEEVE_FOLDS)),
        tuple(seams),
        panels=tuple(panels),
        buttons=() if "belted" in marks else buttons,
        metal=metal,
        under=_lining(),
    )


def jacket(drawing: Drawing) -> Sketch:
    """Draw a jacket with a zip."""
    marks = drawing.marks | {"long"}
    bottom = 344 if "short" in marks else 386
    start, line = neck(drawing, depth=96, side=(248, 86))
    shape = mirrored(start, line, *sleeve(marks, wide=6), *hem(bottom, out=276))
    arms = twice("M278 216 C268 190 266 160 272 114", "M292 322 C306 328 322 324 333 316")
    band = f"M122 {bottom - 22} C160 {bottom - 14} 240 {bottom - 14} 278 {bottom - 22} L278 {bottom} C240 {bottom + 9} 160 {bottom + 9} 122 {bottom} Z"
    panels: list[tuple[str, float]] = [(band, -0.12)] if marks & {"bomber", "short"} else []
    if drawing.view == "back":
        if "hood" in marks:
            panels.append(("M146 92 C150 60 250 60 254 92 C262 150 226 196 200 204 C174 196 138 150 146 92 Z", -0.06))
        return Sketch(
            shape,
            FRONT_FOLDS,
            ("M112 150 C160 162 240 162 288 150", *arms),
            (f"M122 {bottom - 8} C160 {bottom} 240 {bottom} 278 {bottom - 8}",),
            panels=tuple(panels),
        )
    seams = [*arms]
    if "hood" in marks:
        panels += [HOOD[0], HOOD[1]]
    elif marks & {"bomber", "stand"}:
        panels.append(
            (
                "M150 88 C150 76 156 68 164 63 C186 71 214 71 236 63 C244 68 250 76 250 88 C232 112 168 112 150 88 Z",
                -0.12,
            )
        )
    else:
        panels += [(path, 0.07) for path in twice("M248 80 C236 96 216 102 201 104 L218 136 L264 106 Z")]
    if marks & {"field", "pockets", "shirt"}:
        seams += twice("M218 168 L262 168 L262 206 L218 206 Z M218 180 L262 180")
    if marks & {"field", "pockets"}:
        seams += twice("M218 282 L266 282 L266 330 L218 330 Z M218 296 L266 296")
    else:
        seams += twice("M232 240 L262 290")
    is_buttoned = marks & {"coach", "shirt"}
    buttons = tuple((200.0, 130.0 + 44 * n) for n in range(6) if 130 + 44 * n < bottom - 8) if is_buttoned else ()
    zips = () if is_buttoned else (f"M200 104 L200 {bottom + 6}",)
    return Sketch(
        shape,
        (*FRONT_FOLDS, *twice(*SLEEVE_FOLDS[:1])),
        tuple(seams),
        (f"M122 {bottom - 8} C160 {bottom} 240 {bottom} 278 {bottom - 8}",),
        panels=tuple(panels),
        zips=zips,
        buttons=buttons,
    )


def down(drawing: Drawing) -> Sketch:
    """Draw a down jacket: it is quilted across."""
    marks = drawing.marks | ({"long"} if "sleeveless" not in drawing.marks else frozenset())
    bottom = 350 if "short" in marks else (462 if "far" in marks else 404)
    start, line = neck(drawing, depth=84, side=(244, 78))
    shape = mirrored(start, line, *sleeve(marks, wide=14), *hem(bottom, out=290))
    step = 64 if "puffer" in marks else (34 if marks & {"light", "packable"} else 46)
    seams = [f"M118 {y} C160 {y + 10} 240 {y + 10} 282 {y}" for y in range(146, int(bottom) - 12, step)]
    if "long" in marks:
        seams += twice(
            *[
                f"M{280 + (y - 170) * 0.1:g} {y + 8} C{296 + (y - 170) * 0.1:g} {y + 10} {308 + (y - 170) * 0.14:g} {y + 4} {318 + (y - 170) * 0.14:g} {y - 2}"
                for y in range(170, 326, step)
            ]
        )
    panels: list[tuple[str, float]] = []
    if "hood" in marks:
        panels += (
            [("M146 92 C150 56 250 56 254 92 C262 150 226 186 200 194 C174 186 138 150 146 92 Z", -0.06)]
            if drawing.view == "back"
            else [HOOD[0], HOOD[1]]
        )
    else:
        panels.append(
            (
                "M152 80 C150 66 154 58 164 53 C186 47 214 47 236 53 C246 58 250 66 248 80 C232 106 168 106 152 80 Z",
                0.06,
            )
        )
    if "belted" in marks:
        panels.append(("M118 258 C160 268 240 268 282 258 L283 280 C240 290 160 290 117 280 Z", -0.16))
    zips = () if drawing.view == "back" else (f"M200 96 L200 {bottom + 6}",)
    return Sketch(shape, FRONT_FOLDS, tuple(seams), panels=tuple(panels), zips=zips)

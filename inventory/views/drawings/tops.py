"""Shirts, tees, knitwear, sweatshirts: what is worn above the waist."""

from __future__ import annotations

from inventory.rules import Drawing
from inventory.views.drawings.paper import Segment, Sketch, mirrored, twice

SLEEVE_FOLDS = ("M284 214 C296 240 300 262 304 300", "M300 196 C310 232 314 256 322 300")
BODY_FOLDS = (
    "M266 196 C250 240 262 300 250 380",
    "M146 226 C162 270 150 320 162 392",
    "M206 316 C220 340 212 366 224 404",
    "M268 190 C250 206 240 214 222 218",
)


def neck(
    drawing: Drawing, *, depth: float = 112, side: tuple[float, float] = (250, 92)
) -> tuple[tuple[float, float], Segment]:
    """Return where the neckline starts in the middle, and how it goes to the shoulder."""
    x, y = side
    marks = drawing.marks
    if drawing.view == "back":
        return (200, y + 4), (222, y + 4, x - 12, y + 3, x, y)
    if "v" in marks:
        return (200, depth + 50), (214, depth + 28, x - 10, y + 18, x, y)
    if "boat" in marks:
        return (200, y + 10), (230, y + 10, x + 2, y + 6, x + 14, y + 4)
    return (200, depth), (224, depth, x - 8, y + 12, x, y)


def sleeve(marks: frozenset[str], *, wide: float = 0) -> tuple[Segment, ...]:
    """Return the outline from the shoulder over the sleeve to the armpit."""
    if "sleeveless" in marks:
        return ((280, 104), (268, 130, 268, 172, 278, 204))
    if "long" in marks:
        return (
            (288, 100, 298, 106, 302, 120),
            (314, 190, 328, 268, 336 + wide, 338),
            (330 + wide, 346, 304 + wide / 2, 352, 297 + wide / 2, 348),
            (291, 300, 284, 254, 278, 216),
        )
    return (
        (290, 102, 300, 108, 306, 118),
        (318, 142, 330, 164, 340 + wide, 188),
        (330, 200, 306, 212, 294, 214),
        (288, 204, 282, 196, 278, 188),
    )


def hem(bottom: float, *, out: float = 280, curved: bool = False) -> tuple[Segment, Segment]:
    """Return the side and the hem to the middle."""
    if curved:
        return (282, bottom - 120, 284, bottom - 60, out, bottom - 26), (
            262,
            bottom + 2,
            236,
            bottom + 8,
            200,
            bottom + 10,
        )
    return (282, bottom - 120, 282, bottom - 40, out, bottom), (254, bottom + 7, 226, bottom + 9, 200, bottom + 9)


def tee(drawing: Drawing) -> Sketch:
    """Draw a T-shirt."""
    marks = drawing.marks
    bottom = 348 if "short" in marks else 412
    start, line = neck(drawing)
    wide = 8 if "relaxed" in marks else 0
    shape = mirrored(start, line, *sleeve(marks, wide=wide), *hem(bottom, out=284 if wide else 278))
    inner = "M150 92 C162 118 182 124 200 124 C218 124 238 118 250 92" if not marks & {"v", "boat"} else ""
    if "v" in marks and drawing.view != "back":
        inner = "M147 96 C160 128 184 152 200 176 C216 152 240 128 253 96"
    seams = [inner] if inner and drawing.view != "back" else ["M150 92 C168 106 232 106 250 92"]
    seams += (
        twice("M278 188 C272 168 270 140 272 112")
        if "raglan" not in marks
        else twice("M278 188 C268 150 258 116 244 100")
    )
    panels: list[tuple[str, float]] = []
    if "raglan" in marks:
        panels += [
            (path, -0.22)
            for path in twice(
                "M244 100 C258 116 268 150 278 188 C290 206 300 212 294 214 L340 188 C330 164 318 142 306 118 C300 108 290 102 252 92"
            )
        ]
    if "pocket" in marks and drawing.view != "back":
        seams.append("M222 176 L258 176 L258 212 L240 220 L222 212 L222 176")
    cuffs = (
        twice("M292 340 C304 344 320 342 333 334") if "long" in marks else twice("M288 206 C306 204 322 194 334 182")
    )
    return Sketch(
        shape, BODY_FOLDS, tuple(seams), (f"M122 {bottom - 9} C160 {bottom} 240 {bottom} 278 {bottom - 9}", *cuffs),
        panels=tuple(panels), under="" if drawing.view == "back" else _nape(),
    )  # fmt: skip


def shirt(drawing: Drawing) -> Sketch:
    """Draw a shirt with its collar and placket."""
    marks = drawing.marks | ({"long"} if "camp" not in drawing.marks else frozenset())
    wide = 6 if marks & {"relaxed", "drop"} else 0
    bottom = 410 if "camp" in marks else 424
    start, line = neck(drawing, depth=126 if "camp" in marks else 108, side=(246, 86))
    shape = mirrored(
        start, line, *sleeve(marks, wide=wide), *hem(bottom, out=282 if wide else 276, curved="camp" not in marks)
    )
    if drawing.view == "back":
        return _shirt_back(shape)
    panels, seams_ = _collar(marks)
    top = 140 if "camp" in marks else 112
    seams = [*seams_, *twice("M278 216 C270 190 268 160 272 118")]
    stitches = [f"M212 {top} L212 {bottom + 2}"]
    if "hidden" not in marks:
        seams.append(f"M188 {top} L188 {bottom + 4}")
    if "t1" in marks or "camp" in marks or "pocket" in marks:
        seams.append("M226 178 L260 178 L260 214 L243 224 L226 214 L226 178 M226 188 L260 188")
    count = 0 if "hidden" in marks else 6
    buttons = tuple((200.0, top + 22 + 48 * number) for number in range(count) if top + 22 + 48 * number < bottom - 14)
    cuffs = (
        twice("M296 320 C308 325 320 322 332 316") if "long" in marks else twice("M288 206 C306 204 322 194 334 182")
    )
    return Sketch(
        shape,
        (*BODY_FOLDS, *twice(*SLEEVE_FOLDS[:1])),
        tuple(seams),
        (*stitches, *cuffs),
        panels=panels,
        buttons=buttons,
        under=_nape(),
    )


def _shirt_back(shape: str) -> Sketch:
    """Return a shirt from the back: collar, yoke and pleat."""
    seams = (
        "M152 88 C170 100 230 100 248 88", "M110 136 C160 150 240 150 290 136", "M194 146 L194 300",
        "M206 146 L206 300", *twice("M278 216 C270 190 268 160 272 118"),
    )  # fmt: skip
    return Sketch(
        shape, BODY_FOLDS, seams, twice("M300 330 C312 334 324 332 334 326"), panels=((_collar_back(), 0.06),)
    )


def _collar(marks: frozenset[str]) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """Return the panels and seams of a shirt's collar."""
    if "band" in marks:
        return (
            (
                (
                    "M152 88 C166 112 188 116 200 116 C212 116 234 112 248 88 L244 78 C232 98 214 102 200 102 C186 102 168 98 156 78 Z",
                    0.08,
                ),
            ),
            (),
        )
    if "bow" in marks:
        ribbon = (
            "M200 112 C186 96 164 96 150 110 C162 122 184 126 200 114 C216 126 238 122 250 110 C236 96 214 96 200 112 Z"
        )
        tails = "M196 116 C188 150 176 190 170 226 L192 232 C196 196 202 150 203 118 M204 116 C212 150 224 184 232 214 L212 224 C206 190 200 150 199 118"
        return (
            ((ribbon, 0.1), (tails + " Z", 0.06)),
            ("M200 112 C192 104 176 102 164 108", "M200 112 C208 104 224 102 236 108"),
        )
    if "camp" in marks:
        panels = twice("M250 84 L262 124 L226 158 L202 132 C222 122 240 106 250 84 Z")
        return (tuple((path, 0.07) for path in panels), ())
    if "shawl" in marks:
        return (
            tuple((path, 0.07) for path in twice("M248 84 C262 118 244 166 202 210 C206 170 214 126 232 100 Z")),
            (),
        )
    tip = 146 if "pointed" in marks else 136
    panels = twice(f"M246 80 C236 100 216 108 201 110 L{224 if 'pointed' in marks else 230} {tip} L264 104 Z")
    return (tuple((path, 0.08) for path in panels), ())


def _collar_back() -> str:
    return "M150 84 C168 72 232 72 250 84 L254 100 C232 92 168 92 146 100 Z"


def _nape() -> str:
    """The inside of the back, seen through the neck."""
    return "M147 90 C172 99 228 99 253 90 L250 130 L200 196 L150 130 Z"


def knit(drawing: Drawing) -> Sketch:
    """Draw knitwear: a jumper, a cardigan or a vest."""
    marks = drawing.marks | ({"long"} if "sleeveless" not in drawing.marks else frozenset())
    bottom = 356 if "short" in marks else 410
    start, line = neck(drawing, depth=118)
    if "open" in marks and drawing.view != "back":
        start, line = (200, 196), (212, 170, 234, 130, 250, 92)
    shape = mirrored(start, line, *sleeve(marks, wide=6), *hem(bottom, out=276))
    ribs = [f"M{124 + 8 * n} {bottom - 26} L{124 + 8 * n} {bottom + 2}" for n in range(20)]
    seams = [f"M120 {bottom - 28} C160 {bottom - 20} 240 {bottom - 20} 280 {bottom - 28}", *ribs]
    if "long" in marks:
        seams += twice(
            "M290 320 C304 326 322 322 332 314", "M298 324 L300 346", "M308 324 L312 346", "M318 322 L323 343"
        )
    panels: list[tuple[str, float]] = []
    buttons: tuple[tuple[float, float], ...] = ()
    if "roll" in marks:
        panels.append(
            (
                "M148 94 C150 78 152 64 158 54 C184 45 216 45 242 54 C248 64 250 78 252 94 C240 126 220 134 200 134 C180 134 160 126 148 94 Z",
                0.06,
            )
        )
        seams.append("M153 78 C178 90 222 90 247 78")
    elif drawing.view != "back":
        more, seams_, buttons = _knit_front(marks, bottom)
        panels += more
        seams += seams_
    seams += twice("M278 216 C270 190 268 160 272 112")
    under = "" if "roll" in marks or drawing.view == "back" else _nape()
    return Sketch(
        shape,
        (*BODY_FOLDS[:2], *twice(*SLEEVE_FOLDS[:1])),
        tuple(seams),
        (),
        panels=tuple(panels),
        buttons=buttons,
        under=under,
    )


def _knit_front(
    marks: frozenset[str], bottom: float
) -> tuple[list[tuple[str, float]], tuple[str, ...], tuple[tuple[float, float], ...]]:
    """Return the neck of knitwear: panels, seams and buttons."""
    if "open" in marks:
        buttons = tuple((200.0, 214.0 + 42 * n) for n in range(5) if 214 + 42 * n < bottom)
        edge = twice("M250 90 C234 132 212 172 206 196 L206 {0}".replace("{0}", f"{bottom + 6}"))
        return [], (*edge, *twice("M240 90 C226 128 206 164 194 194")), buttons
    if "polo" in marks:
        panels = [(path, 0.07) for path in twice("M248 84 L258 116 L224 140 L201 120 C222 114 238 102 248 84 Z")]
        return panels, ("M200 122 L200 186", "M192 186 L208 186"), ((200.0, 140.0), (200.0, 164.0))
    if "sailor" in marks:
        panels = [
            (path, -0.14)
            for path in twice("M248 84 C268 110 286 128 284 150 L236 168 L201 190 C206 150 226 110 248 84 Z")
        ]
        return panels, (), ()
    if "v" in marks:
        return [], ("M147 96 C160 128 184 158 200 182 C216 158 240 128 253 96",), ()
    if "boat" in marks:
        return [], ("M134 104 C170 118 230 118 266 104",), ()
    return [], ("M147 94 C160 126 182 132 200 132 C218 132 240 126 253 94",), ()


def hoodie(drawing: Drawing) -> Sketch:
    """Draw a sweatshirt, with a hood or without."""
    marks = drawing.marks | {"long"}
    bottom = 352 if "short" in marks else 408
    start, line = neck(drawing, depth=116)
    shape = mirrored(start, line, *sleeve(marks, wide=10), *hem(bottom, out=284))
    seams = [
        f"M118 {bottom - 20} C160 {bottom - 12} 240 {bottom - 12} 282 {bottom - 20}",
        *twice("M278 216 C268 190 266 160 272 112", "M292 322 C306 328 324 324 336 316"),
    ]
    panels: list[tuple[str, float]] = []
    zips: tuple[str, ...] = ()
    has_hood = "hood" in marks
    if has_hood and drawing.view == "back":
        panels.append(("M146 92 C150 60 250 60 254 92 C262 150 226 196 200 204 C174 196 138 150 146 92 Z", -0.06))
    elif has_hood:
        panels += [
            ("M146 98 C132 48 268 48 254 98 C240 132 220 146 200 150 C180 146 160 132 146 98 Z", 0.05),
            ("M164 98 C166 70 234 70 236 98 C228 122 214 130 200 134 C186 130 172 122 164 98 Z", -0.3),
        ]
        seams += ["M188 142 C184 170 186 188 184 206", "M212 142 C216 170 214 188 216 206"]
    elif "high" in marks:
        panels.append(
            (
                "M149 94 C150 80 154 70 162 64 C184 56 216 56 238 64 C246 70 250 80 251 94 C238 122 220 130 200 130 C180 130 162 122 149 94 Z",
                0.06,
            )
        )
    else:
        seams.append("M150 94 C162 122 182 128 200 128 C218 128 238 122 250 94")
    if drawing.view != "back":
        zips, pockets = _hoodie_front(marks, bottom)
        seams += pockets
    if "block" in marks:
        panels.append(("M120 232 L280 232 L281 292 L119 292 Z", 0.4))
    return Sketch(
        shape,
        (*BODY_FOLDS, *twice(*SLEEVE_FOLDS)),
        tuple(seams),
        (f"M120 {bottom - 26} C160 {bottom - 18} 240 {bottom - 18} 280 {bottom - 26}",),
        panels=tuple(panels),
        zips=zips,
        under="" if drawing.view == "back" else _nape(),
    )


def _hoodie_front(marks: frozenset[str], bottom: float) -> tuple[tuple[str, ...], list[str]]:
    """Return the zips of a sweatshirt, and the seams of its pocket and embroidery."""
    zips: tuple[str, ...] = ("M200 96 L200 190",) if "half" in marks else ()
    if "zip" in marks:
        zips = (f"M200 128 L200 {bottom + 8}",)
    seams = []
    if not marks & {"half", "t1"} or "hood" in marks:
        low, high = bottom - 34, bottom - 96
        seams.append(f"M146 {low} L146 {low - 28} L166 {high} L234 {high} L254 {low - 28} L254 {low} Z")
    if "embroidered" in marks:
        leaf = "M224 176 C230 164 244 164 246 176 C248 188 232 196 224 204 C230 192 216 186 224 176"
        seams.append(f"{leaf} M236 176 L236 200")
    return zips, seams

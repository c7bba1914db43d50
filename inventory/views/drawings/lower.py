"""Trousers, skirts, dresses, scarves and bags."""

from __future__ import annotations

from inventory.rules import Drawing
from inventory.views.drawings.paper import Segment, Sketch, mirrored, twice


def _legs(drawing: Drawing, foot: tuple[float, float], *, bottom: float, top: float = 66, waist: float = 62) -> str:
    """Return the outline of trousers; `foot` is where the leg's hem begins and ends, from the middle."""
    inner, outer = foot
    return mirrored(
        (200, top), (200 + waist, top), (200 + waist + 5, top + 40, 200 + waist + 10, top + 70, 200 + waist + 12, top + 110),
        (200 + waist + 12 + (outer - waist - 12) * 0.4, top + 220, 200 + outer - 4, bottom - 110, 200 + outer, bottom),
        (200 + inner, bottom + 5), (208, top + 240, 204, top + 190, 201, top + 134),
    )  # fmt: skip


def trousers(drawing: Drawing) -> Sketch:
    """Draw trousers or jeans."""
    marks = drawing.marks
    bottom = 424 if "ankle" in marks else 452
    foot = (26, 66) if marks & {"tapered", "slim"} else ((8, 96) if marks & {"flare", "wide"} else (18, 80))
    if "curved" in marks:
        foot = (30, 70)
    shape = _legs(drawing, foot, bottom=bottom)
    back = drawing.view == "back"
    seams = ["M137 88 L263 88", "M200 88 L200 200", *twice("M232 66 L232 88")]
    stitches = list(twice(f"M{200 + foot[0]} {bottom - 8} L{200 + foot[1]} {bottom - 12}"))
    if back:
        seams += twice(
            "M216 112 L252 112 L252 152 L234 162 L216 152 Z"
            if drawing.shape == "jeans"
            else "M214 118 L254 118 L254 124 L214 124 Z"
        )
        panels: tuple[tuple[str, float], ...] = (
            (("M226 70 L252 70 L252 86 L226 86 Z", -0.3),) if drawing.shape == "jeans" else ()
        )
        return Sketch(
            shape,
            twice("M226 210 C232 280 224 340 232 440"),
            tuple(seams),
            tuple(stitches),
            panels=panels,
            drop=194,
            figure="top",
        )
    if drawing.shape == "jeans" or "utility" in marks:
        seams += twice("M262 92 C252 124 236 126 226 90")
        stitches += ["M206 92 C208 140 210 172 202 196"]
    else:
        seams += twice("M246 90 L266 132")
    if marks & {"pleat", "double"}:
        seams += twice("M226 90 L230 150", "M238 90 L240 140")
    if drawing.shape != "jeans" and not marks & {"utility", "drawstring"}:
        seams += twice(f"M236 110 C240 240 238 340 {200 + sum(foot) / 2:g} {bottom}")
    if "utility" in marks:
        seams += twice("M234 250 L270 250 L268 312 L232 312 Z M233 264 L270 264")
    if "drawstring" in marks:
        seams += [f"M{138 + 8 * n} 66 L{138 + 8 * n} 88" for n in range(16)]
        seams += ["M194 90 C190 112 186 124 184 140", "M206 90 C210 112 214 124 216 140"]
    buttons = () if "drawstring" in marks else ((200.0, 78.0),)
    folds = twice(
        "M214 150 C226 166 240 170 256 168", "M232 220 C238 290 230 350 236 440", "M212 210 C218 240 216 260 218 300"
    )
    return Sketch(shape, folds, tuple(seams), tuple(stitches), buttons=buttons, drop=194, figure="top")


def wide(drawing: Drawing) -> Sketch:
    """Draw wide-leg trousers."""
    shape = _legs(drawing, (10, 118), bottom=452, waist=56)
    seams = ["M143 90 L257 90", "M200 90 L200 200", *twice("M230 92 C244 220 262 330 266 452")]
    if "pleat" in drawing.marks:
        seams += twice("M218 92 L226 170", "M242 92 L252 160")
    if "slit" in drawing.marks:
        seams += twice("M304 380 L310 452")
    folds = twice(
        "M236 180 C250 270 268 350 280 444", "M216 220 C224 300 226 380 232 446", "M262 200 C280 280 292 350 300 440"
    )
    return Sketch(
        shape, folds, tuple(seams), buttons=() if drawing.view == "back" else ((200.0, 79.0),), drop=194, figure="top"
    )


def shorts(drawing: Drawing) -> Sketch:
    """Draw shorts."""
    far = 356 if "knee" in drawing.marks else 316
    shape = mirrored(
        (200, 120), (264, 120), (270, 160, 274, 190, 278, 220), (284, 260, 292, 300, 294, far), (214, far + 6),
        (208, 300, 204, 270, 201, 246),
    )  # fmt: skip
    seams = ["M135 144 L265 144", "M200 144 L200 246", *twice("M246 146 L268 186")]
    if drawing.view == "back":
        seams += twice("M216 168 L254 168 L254 174 L216 174 Z")
    elif "utility" in drawing.marks:
        seams += twice(f"M240 {far - 90} L282 {far - 90} L284 {far - 40} L242 {far - 38} Z")
    if "pleat" in drawing.marks:
        seams += twice("M226 146 L230 200")
    if "drawstring" in drawing.marks:
        seams += [f"M{138 + 8 * n} 120 L{138 + 8 * n} 144" for n in range(16)] + [
            "M194 146 L186 190",
            "M206 146 L214 190",
        ]
    folds = twice("M214 200 C226 214 240 218 256 214", f"M244 240 C250 270 246 300 252 {far}")
    return Sketch(shape, folds, tuple(seams), twice(f"M214 {far - 10} L292 {far - 14}"), drop=140, figure="top")


def skirt(drawing: Drawing) -> Sketch:
    """Draw a skirt."""
    marks = drawing.marks
    if "pencil" in marks:
        shape = mirrored(
            (200, 110),
            (256, 110),
            (268, 150, 276, 190, 276, 230),
            (276, 300, 264, 370, 258, 420),
            (240, 428, 220, 429, 200, 429),
        )
    else:
        far = 300 if "pleat" in marks else 312
        shape = mirrored(
            (200, 110), (254, 110), (258, 126), (276, 220, 300, 330, far + 8, 412), (280, 428, 240, 434, 200, 434)
        )
    seams = ["M142 134 C170 140 230 140 258 134"]
    if "pleat" in marks:
        seams += [*twice(*[f"M{206 + 13 * n} 138 L{208 + 26 * n} 430" for n in range(4)]), "M200 138 L200 432"]
    if "slit" in marks and drawing.view != "back":
        seams.append("M244 300 L262 426")
    if "bias" in marks:
        seams.append("M146 300 C190 260 230 220 262 160")
    if drawing.view == "back":
        seams.append("M200 112 L200 200")
    folds = twice(
        "M230 150 C246 250 262 340 274 424", "M212 170 C218 260 222 350 228 430", "M250 160 C270 250 286 330 296 414"
    )
    return Sketch(shape, folds[:2] if "pencil" in marks else folds, tuple(seams), drop=150, figure="top")


def dress(drawing: Drawing) -> Sketch:
    """Draw a dress."""
    marks, back = drawing.marks, drawing.view == "back"
    far = 452 if "tea" in marks else 440
    shape = _dress_outline(drawing, far)
    seams = ["M150 232 C180 242 220 242 250 232"]
    panels: list[tuple[str, float]] = []
    buttons: tuple[tuple[float, float], ...] = ()
    if not back:
        extra, panels, buttons = _dress_front(marks, far)
        seams += extra
    if "pleat" in marks:
        seams += [*twice(*[f"M{206 + 11 * n} 240 L{210 + 25 * n} {far + 12}" for n in range(4)])]
    if "waisted" in marks:
        panels.append(("M149 226 C180 236 220 236 251 226 L253 244 C220 254 180 254 147 244 Z", -0.16))
    if "roll" in marks:
        panels.append(
            (
                "M153 84 C152 68 154 60 162 54 C184 46 216 46 238 54 C246 60 248 68 247 84 C234 120 220 128 200 128 C180 128 166 120 153 84 Z",
                0.06,
            )
        )
    folds = (
        *twice("M226 246 C240 320 256 390 266 446", "M210 250 C216 330 218 400 222 452"),
        "M238 150 C230 180 236 200 234 226",
        "M162 150 C170 180 164 200 166 226",
    )
    return Sketch(
        shape,
        folds,
        tuple(seams),
        panels=tuple(panels),
        buttons=buttons,
        figure="shoes",
        under="" if back or "roll" in marks else "M153 82 C174 92 226 92 247 82 L240 136 L160 136 Z",
    )


def _dress_outline(drawing: Drawing, far: float) -> str:
    """Return the outline of a dress, by its neck and its sleeves."""
    marks = drawing.marks
    start, line = (200.0, 108.0), (222.0, 108.0, 240.0, 98.0, 246.0, 82.0)
    if drawing.view == "back":
        start, line = (200, 92), (222, 92, 238, 88, 246, 82)
    elif "square" in marks:
        start, line = (200, 132), (238, 132, 240, 110, 244, 82)
    elif marks & {"v", "wrap"}:
        start, line = (200, 176), (216, 150, 234, 112, 246, 82)
    arm: tuple[Segment, ...] = ((268, 86, 272, 90, 274, 94), (266, 116, 266, 142, 272, 164))
    if "puff" in marks:
        arm = ((262, 82, 300, 92, 312, 132), (316, 158, 306, 176, 292, 180), (282, 176, 272, 168, 266, 160))
    elif marks & {"shirt", "knot", "roll"}:
        arm = (
            (270, 88, 284, 94, 290, 104), (308, 150, 318, 190, 326, 236), (314, 244, 302, 246, 296, 244),
            (286, 210, 276, 184, 268, 164),
        )  # fmt: skip
    skirt_ = (
        (262, 190, 254, 212, 250, 232),
        (268, 300, 296, 380, 308, far),
        (274, far + 14, 236, far + 18, 200, far + 18),
    )
    return mirrored(start, line, *arm, *skirt_)


def _dress_front(
    marks: frozenset[str], far: float
) -> tuple[list[str], list[tuple[str, float]], tuple[tuple[float, float], ...]]:
    """Return seams, panels and buttons of a dress's front."""
    if "wrap" in marks:
        return [f"M246 84 C228 140 196 190 152 232 M250 232 C240 300 226 380 214 {far + 16}"], [], ()
    if "shirt" in marks:
        collar = [(path, 0.08) for path in twice("M246 78 C236 98 216 106 201 108 L226 136 L262 102 Z")]
        return (
            [f"M190 110 L190 {far + 14}", f"M210 110 L210 {far + 14}"],
            collar,
            tuple((200.0, 130.0 + 46 * n) for n in range(7)),
        )
    if "knot" in marks:
        knots = [f"M{x - 9} {y} L{x + 9} {y - 4}" for x, y in ((212, 116), (230, 130), (246, 148), (256, 172))]
        return (
            ["M200 108 C214 124 246 130 264 164", *knots],
            [("M168 88 C176 112 190 116 200 116 C210 116 224 112 232 88 L228 76 C216 92 184 92 172 76 Z", 0.08)],
            (),
        )
    return [], [], ()


def slip(drawing: Drawing) -> Sketch:
    """Draw a slip dress."""
    marks, back = drawing.marks, drawing.view == "back"
    low = 168 if back else (146 if "v" in marks else (140 if "cowl" in marks else 128))
    shape = mirrored(
        (200, low),
        (218, low - 4, 234, 126, 238, 70),
        (244, 70),
        (248, 104, 262, 124, 262, 150),
        (262, 180, 256, 205, 254, 226),
        (268, 310, 288, 390, 294, 446),
        (262, 460, 230, 462, 200, 462),
    )
    seams = (
        []
        if "cowl" not in marks or back
        else ["M166 128 C184 156 216 156 234 128", "M160 140 C180 178 220 178 240 140"]
    )
    if "bias" in marks:
        seams.append("M146 300 C190 262 230 214 256 190")
    panels = (
        [("M108 430 C160 446 240 446 292 430 L294 446 C240 464 160 464 106 446 Z", 0.3)]
        if "lace" in {*marks, drawing.motif}
        else []
    )
    folds = twice("M226 230 C238 310 252 390 258 450", "M210 250 C214 330 216 400 220 456")
    return Sketch(shape, folds, tuple(seams), panels=tuple(panels), figure="shoes")


def scarf(drawing: Drawing) -> Sketch:
    """Draw a scarf, laid around and hanging."""
    wide_ = 16 if "shawl" in drawing.marks else 0
    shape = (
        f"M146 96 C176 64 224 64 254 96 C274 120 266 152 244 168 L{268 + wide_} 430 L{196 - wide_} 432 L204 190 L196 190"
        f" L{190 - wide_} 400 L{128 - wide_} 392 L158 168 C134 152 128 120 146 96 Z"
    )
    seams = [
        "M162 106 C186 136 214 136 238 106",
        "M158 166 C184 190 216 190 244 166",
        "M170 130 C190 152 214 150 232 128",
    ]
    fringe = (
        [f"M{200 - wide_ + 7 * n} 431 L{199 - wide_ + 7 * n} 452" for n in range(10 + wide_ // 4)]
        if "fringed" in drawing.marks
        else []
    )
    fringe += [f"M{130 - wide_ + 7 * n} {393 + n} L{128 - wide_ + 7 * n} {412 + n}" for n in range(9)] if fringe else []
    return Sketch(
        shape,
        ("M214 190 C222 270 226 350 232 424", "M176 190 C170 260 166 320 160 390", "M170 92 C190 108 220 106 236 92"),
        (*seams, *fringe),
        figure="",
    )


def bag(drawing: Drawing) -> Sketch:
    """Draw a bag."""
    marks = drawing.marks
    if "cross" in marks:
        shape = "M112 250 C112 232 124 222 142 222 L258 222 C276 222 288 232 288 250 L294 380 C294 400 282 410 264 410 L136 410 C118 410 106 400 106 380 Z"
        flap = "M112 250 C112 232 124 222 142 222 L258 222 C276 222 288 232 288 250 L286 306 C250 330 150 330 114 306 Z"
        return Sketch(
            shape,
            ("M150 340 C190 350 230 350 260 340",),
            (),
            ("M120 398 L280 398",),
            straps=("M128 228 C110 120 150 60 200 60 C250 60 290 120 272 228",),
            panels=((flap, 0.07),),
            metal=("M188 300 L212 300 L212 328 L188 328 Z",),
            figure="",
        )
    far = 440 if "large" in marks else 424
    shape = f"M106 204 L294 204 L312 {far - 10} C262 {far + 8} 138 {far + 8} 88 {far - 10} Z"
    handles = (
        "M150 206 C146 104 168 80 200 80 C232 80 254 104 250 206",
        "M164 206 C160 122 176 96 200 96 C224 96 240 122 236 206",
    )
    return Sketch(
        shape,
        ("M150 240 C144 310 148 360 140 420", "M262 240 C268 310 262 360 272 420"),
        ("M103 226 L297 226",),
        (f"M96 {far - 22} C150 {far - 6} 250 {far - 6} 304 {far - 22}",),
        straps=handles,
        metal=("M146 216 L158 216 L158 232 L146 232 Z", "M242 216 L254 216 L254 232 L242 232 Z"),
        figure="",
    )

"""What garments are drawn with: outlines of two equal halves, and the parts of a sketch."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT = 400, 500
# A line to (x, y), or a curve over two points to (x, y).
Segment = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A garment as paths in a space of 400 by 500: what is filled, what falls in folds, what is sewn on.

    `panels` are parts in another tone of the cloth, as (path, how much lighter: -1 black to 1 white). `drop` is how far
    below the shoulders of the figure the garment begins; `figure` says what the figure wears besides, "" for none.
    """

    outline: str
    folds: tuple[str, ...] = ()
    seams: tuple[str, ...] = ()
    stitches: tuple[str, ...] = ()
    panels: tuple[tuple[str, float], ...] = ()
    buttons: tuple[tuple[float, float], ...] = ()
    zips: tuple[str, ...] = ()
    metal: tuple[str, ...] = ()
    straps: tuple[str, ...] = ()
    under: str = ""
    drop: float = 0
    figure: str = "legs"


def mirrored(start: tuple[float, float], *segments: Segment) -> str:
    """Return the closed path of a right half, drawn from the top of the middle down to its end, and of its mirror."""
    points = [start]
    right = [f"M{_xy(*start)}"]
    for segment in segments:
        right.append(_command(segment))
        points.append((segment[-2], segment[-1]))
    left = []
    for segment, end in zip(reversed(segments), reversed(points[:-1]), strict=True):
        controls = [(segment[at], segment[at + 1]) for at in range(0, len(segment) - 2, 2)]
        back = [value for x, y in [*reversed(controls), end] for value in (WIDTH - x, y)]
        left.append(_command(tuple(back)))
    first = points[-1]
    joint = "" if first[0] == WIDTH / 2 else f"L{_xy(WIDTH - first[0], first[1])}"
    return f"{''.join(right)}{joint}{''.join(left)}Z"


def twice(*paths: str) -> tuple[str, ...]:
    """Return open paths ("M250 92 L278 408", absolute M, L, C and Z only) and their mirrors."""
    return (*paths, *(_mirror(path) for path in paths))


def _mirror(path: str) -> str:
    out, is_x = [], True
    for word in path.replace("M", " M ").replace("L", " L ").replace("C", " C ").replace("Z", " Z ").split():
        if word in "MLCZ":
            out.append(word)
            is_x = True
            continue
        out.append(f"{WIDTH - float(word):g}" if is_x else word)
        is_x = not is_x
    return " ".join(out)


def _command(segment: Segment) -> str:
    letter = "L" if len(segment) == 2 else "C"
    return letter + " ".join(f"{value:g}" for value in segment)


def _xy(x: float, y: float) -> str:
    return f"{x:g} {y:g}"

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni.sandbox.courier.geometry import Point, between, fee_fen, great_circle_metres, offset

points = st.builds(Point, st.floats(-89, 89), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("start", "end", "metres"),
    [
        (Point(0, 0), Point(0, 180), math.pi * 6_371_008.8),
        (Point(0, 0), Point(90, 0), math.pi / 2 * 6_371_008.8),
        (Point(31.23, 121.47), Point(31.23, 121.47), 0.0),
    ],
)
def test_great_circle_metres_of_known_arcs(start: Point, end: Point, metres: float) -> None:
    assert great_circle_metres(start, end) == pytest.approx(metres)


@given(points, points)
def test_great_circle_metres_agrees_with_the_haversine(start: Point, end: Point) -> None:
    lat = math.radians(end.lat - start.lat)
    lng = math.radians(end.lng - start.lng)
    chord = math.sin(lat / 2) ** 2 + math.cos(math.radians(start.lat)) * math.cos(math.radians(end.lat)) * (
        math.sin(lng / 2) ** 2
    )
    haversine = 2 * 6_371_008.8 * math.asin(math.sqrt(min(1.0, chord)))

    assert great_circle_metres(start, end) == pytest.approx(haversine, rel=1e-6, abs=1.0)


@pytest.mark.parametrize(
    ("metres", "fee"),
    [(0, 600), (3000, 600), (3000.5, 800), (4000, 800), (10_000, 2000), (10_001, 2300), (30_000, 8000)],
)
def test_fee_fen_rises_by_started_kilometres(metres: float, fee: int) -> None:
    assert fee_fen(metres) == fee


def test_between_stays_on_the_way() -> None:
    start, end = Point(31.0, 121.0), Point(32.0, 122.0)

    assert [between(start, end, part) for part in (-1, 0, 0.5, 1, 2)] == [start, start, Point(31.5, 121.5), end, end]


def test_offset_goes_as_far_as_asked() -> None:
    start = Point(31.23, 121.47)

    for bearing in (0.0, 1.0, 2.5, 4.0):
        assert great_circle_metres(start, offset(start, 1000, bearing)) == pytest.approx(1000, rel=1e-3)

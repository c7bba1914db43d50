"""Where things are, how far, what that costs and how long it takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omni.sandbox.web import Problem

EARTH_RADIUS_METRES = 6_371_008.8
REACH_METRES = 60_000.0
BASE_METRES, BASE_FEE_FEN = 3_000.0, 600
NEAR_METRES, NEAR_FEE_FEN, FAR_FEE_FEN = 10_000.0, 200, 300
# A scooter in town, along streets that are longer than the straight line.
METRES_PER_SECOND = 5.0
STREET_FACTOR = 1.3


@dataclass(frozen=True)
class Point:
    """A WGS-84 position in degrees."""

    lat: float
    lng: float

    def as_json(self) -> dict[str, float]:
        """Return the shape used on the wire."""
        return {"lat": round(self.lat, 6), "lng": round(self.lng, 6)}


def read_point(body: Mapping[str, Any], name: str) -> Point:
    """Read a place with `lat` and `lng`.

    :raises Problem: 400 "invalid" naming the field.
    """
    place = body.get(name)
    if not isinstance(place, dict):
        raise Problem(400, "invalid", "A place with lat and lng is needed.", name)
    values = []
    for key, limit in (("lat", 90), ("lng", 180)):
        value = place.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
            raise Problem(400, "invalid", f"{key} must be a number from -{limit} to {limit}.", f"{name}.{key}")
        values.append(float(value))
    return Point(*values)


def great_circle_metres(start: Point, end: Point) -> float:
    """Return the distance over the sphere, by the vectors of both points (stable at every distance)."""
    a, b = _vector(start), _vector(end)
    cross = math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return EARTH_RADIUS_METRES * math.atan2(cross, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def between(start: Point, end: Point, part: float) -> Point:
    """Return the point at 0 to 1 of the way; straight in degrees, which is right within a town."""
    part = min(1.0, max(0.0, part))
    return Point(start.lat + (end.lat - start.lat) * part, start.lng + (end.lng - start.lng) * part)


def offset(start: Point, metres: float, bearing: float) -> Point:
    """Return the point `metres` away at a bearing in radians."""
    degrees = math.degrees(metres / EARTH_RADIUS_METRES)
    lat = start.lat + degrees * math.cos(bearing)
    return Point(lat, start.lng + degrees * math.sin(bearing) / max(0.01, math.cos(math.radians(start.lat))))


def fee_fen(metres: float) -> int:
    """Return the fee: ¥6 up to 3 km, ¥2 a started kilometre up to 10 km, ¥3 beyond."""
    near = math.ceil(max(0.0, min(metres, NEAR_METRES) - BASE_METRES) / 1000)
    far = math.ceil(max(0.0, metres - NEAR_METRES) / 1000)
    return BASE_FEE_FEN + near * NEAR_FEE_FEN + far * FAR_FEE_FEN


def ride_seconds(metres: float) -> float:
    """Return how long a ride of this straight distance takes."""
    return metres * STREET_FACTOR / METRES_PER_SECOND


def _vector(point: Point) -> tuple[float, float, float]:
    lat, lng = math.radians(point.lat), math.radians(point.lng)
    return math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)

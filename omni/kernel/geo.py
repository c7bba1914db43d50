"""Points and distances. Everything is kept as WGS-84; the Chinese datums are converted at the edge."""

from __future__ import annotations

import enum
import math

from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput

EARTH_RADIUS_METRES = 6_371_008.8

# The ellipsoid of the GCJ-02 offset (Krasovsky 1940).
_SEMI_MAJOR_METRES = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BD09_PI = math.pi * 3000.0 / 180.0


class Datum(enum.StrEnum):
    """The datum in which a point was given."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def check_point(lat: float, lng: float, *, lat_field: str = "lat", lng_field: str = "lng") -> None:
    """Refuse a point off the earth.

    :raises InvalidInput: naming the field, when a coordinate is not a number within ±90 or ±180 degrees.
    """
    if not (math.isfinite(lat) and abs(lat) <= 90):
        raise InvalidInput(_("Latitude lies between -90 and 90 degrees."), field=lat_field)
    if not (math.isfinite(lng) and abs(lng) <= 180):
        raise InvalidInput(_("Longitude lies between -180 and 180 degrees."), field=lng_field)


def great_circle_metres(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Return the great-circle distance of two WGS-84 points on the mean sphere, in metres (haversine)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi, half_lambda = (phi2 - phi1) / 2, math.radians(lng2 - lng1) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, h)))


def unit_vector(lat: float, lng: float) -> tuple[float, float, float]:
    """Return the point on the unit sphere; the dot product of two orders pairs by distance without trigonometry."""
    phi, lam = math.radians(lat), math.radians(lng)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def metres_from_dot(dot: float) -> float:
    """Return the great-circle distance, in metres, of two unit vectors with this dot product.

    Good to a few centimetres from a hundred metres up; nearer points may come out up to 0.1 m off.
    """
    return EARTH_RADIUS_METRES * math.acos(max(-1.0, min(1.0, dot)))


def chord_of_metres(metres: float) -> float:
    """Return how far apart two points of the unit sphere are, through it, that are this far apart on the ground."""
    return 2 * math.sin(metres / EARTH_RADIUS_METRES / 2)


def wgs84_to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    """Convert WGS-84 to GCJ-02; the same point outside the box around China, where GCJ-02 has no offset."""
    if not _in_chinese_box(lat, lng):
        return lat, lng
    lat_offset, lng_offset = _gcj02_offset(lat, lng)
    return lat + lat_offset, lng + lng_offset


def gcj02_to_wgs84(lat: float, lng: float) -> tuple[float, float]:
    """Convert GCJ-02 to WGS-84, by fixed-point iteration, to well under a centimetre."""
    if not _in_chinese_box(lat, lng):
        return lat, lng
    wgs_lat, wgs_lng = lat, lng
    for _round in range(6):
        lat_offset, lng_offset = _gcj02_offset(wgs_lat, wgs_lng)
        wgs_lat, wgs_lng = lat - lat_offset, lng - lng_offset
    return wgs_lat, wgs_lng


def gcj02_to_bd09(lat: float, lng: float) -> tuple[float, float]:
    """Convert GCJ-02 to BD-09."""
    radius = math.hypot(lng, lat) + 0.00002 * math.sin(lat * _BD09_PI)
    theta = math.atan2(lat, lng) + 0.000003 * math.cos(lng * _BD09_PI)
    return radius * math.sin(theta) + 0.006, radius * math.cos(theta) + 0.0065


def bd09_to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    """Convert BD-09 to GCJ-02, by fixed-point iteration of the forward formula."""
    gcj_lat, gcj_lng = lat - 0.006, lng - 0.0065
    for _round in range(6):
        bd_lat, bd_lng = gcj02_to_bd09(gcj_lat, gcj_lng)
        gcj_lat, gcj_lng = gcj_lat + lat - bd_lat, gcj_lng + lng - bd_lng
    return gcj_lat, gcj_lng


def to_wgs84(lat: float, lng: float, datum: Datum) -> tuple[float, float]:
    """Convert a point given in any datum to WGS-84."""
    if datum is Datum.BD09:
        lat, lng = bd09_to_gcj02(lat, lng)
    return (lat, lng) if datum is Datum.WGS84 else gcj02_to_wgs84(lat, lng)


def from_wgs84(lat: float, lng: float, datum: Datum) -> tuple[float, float]:
    """Convert a WGS-84 point to the datum that a map or courier expects."""
    if datum is Datum.WGS84:
        return lat, lng
    gcj = wgs84_to_gcj02(lat, lng)
    return gcj if datum is Datum.GCJ02 else gcj02_to_bd09(*gcj)


def _in_chinese_box(lat: float, lng: float) -> bool:
    """Tell whether a point lies in the rough box that map services use for the territory of GCJ-02."""
    return 0.8293 <= lat <= 55.8271 and 72.004 <= lng <= 137.8347


def _gcj02_offset(lat: float, lng: float) -> tuple[float, float]:
    """Return how far GCJ-02 lies from a WGS-84 point, in degrees (the published approximation)."""
    x, y = lng - 105.0, lat - 35.0
    ripple = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (ripple + _waves(y, 160.0, 320.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (ripple + _waves(x, 150.0, 300.0)) * 2.0 / 3.0
    phi = math.radians(lat)
    curvature = 1 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    meridian = _SEMI_MAJOR_METRES * (1 - _ECCENTRICITY_SQUARED) / curvature**1.5
    parallel = _SEMI_MAJOR_METRES / math.sqrt(curvature) * math.cos(phi)
    return math.degrees(north / meridian), math.degrees(east / parallel)


def _waves(value: float, twelfth: float, thirtieth: float) -> float:
    """Return the slow waves along one axis; two of the four amplitudes differ between the axes."""
    angle = value * math.pi
    return (
        20.0 * math.sin(angle)
        + 40.0 * math.sin(angle / 3.0)
        + twelfth * math.sin(angle / 12.0)
        + thirtieth * math.sin(angle / 30.0)
    )

"""Distances and the Chinese datums."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni.kernel import geo
from omni.kernel.errors import InvalidInput
from omni.kernel.geo import Datum

# The pairs that the public converters eviltransform and coord-convert both give.
WGS84_GCJ02 = {
    "Shanghai": ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    "Shenzhen": ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    "Beijing": ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
}
WGS84_BD09 = {
    "Shanghai": ((31.1774276, 121.5272106), (31.181328606874466, 121.53801568643858)),
    "Shenzhen": ((22.543847, 113.912316), (22.546667437751108, 113.92368472926734)),
    "Beijing": ((39.911954, 116.377817), (39.919575550965874, 116.39045471310828)),
    "Urumqi": ((43.8256, 87.6168), (43.83294979478328, 87.62609977081571)),
    "Harbin": ((45.8038, 126.5350), (45.81139582294028, 126.54765921413988)),
}
CHINESE_LATITUDES = st.floats(18.0, 53.0)
CHINESE_LONGITUDES = st.floats(74.0, 135.0)
LATITUDES = st.floats(-90.0, 90.0)
LONGITUDES = st.floats(-180.0, 180.0)


@pytest.mark.parametrize(("wgs84", "gcj02"), WGS84_GCJ02.values(), ids=WGS84_GCJ02)
def test_gcj02_of_published_points_agrees_to_a_millionth_degree(
    wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    assert geo.wgs84_to_gcj02(*wgs84) == pytest.approx(gcj02, abs=1e-6)
    assert geo.gcj02_to_wgs84(*gcj02) == pytest.approx(wgs84, abs=1e-6)


@pytest.mark.parametrize(("wgs84", "bd09"), WGS84_BD09.values(), ids=WGS84_BD09)
def test_bd09_of_published_points_agrees_to_a_millionth_degree(
    wgs84: tuple[float, float], bd09: tuple[float, float]
) -> None:
    assert geo.from_wgs84(*wgs84, Datum.BD09) == pytest.approx(bd09, abs=1e-6)
    assert geo.to_wgs84(*bd09, Datum.BD09) == pytest.approx(wgs84, abs=1e-6)


@given(CHINESE_LATITUDES, CHINESE_LONGITUDES, st.sampled_from(Datum))
def test_datum_round_trip_returns_within_a_millimetre(lat: float, lng: float, datum: Datum) -> None:
    there = geo.from_wgs84(lat, lng, datum)
    back = geo.to_wgs84(*there, datum)
    assert geo.great_circle_metres(lat, lng, *back) < 0.001


@given(CHINESE_LATITUDES, CHINESE_LONGITUDES)
def test_gcj02_offset_in_china_is_some_hundred_metres(lat: float, lng: float) -> None:
    assert 10 < geo.great_circle_metres(lat, lng, *geo.wgs84_to_gcj02(lat, lng)) < 2_000


@pytest.mark.parametrize("point", [(48.8566, 2.3522), (-33.8688, 151.2093), (0.5, 110.0), (35.0, 140.0), (89.0, 100.0)])
def test_gcj02_outside_china_is_wgs84(point: tuple[float, float]) -> None:
    assert geo.wgs84_to_gcj02(*point) == point
    assert geo.gcj02_to_wgs84(*point) == point


def test_great_circle_from_shanghai_to_beijing_is_as_measured_elsewhere() -> None:
    # 1,067.3 km on the mean sphere between People's Square and Tiananmen.
    assert geo.great_circle_metres(31.2304, 121.4737, 39.9042, 116.4074) == pytest.approx(1_067_312, abs=500)


def test_great_circle_of_quarter_and_half_the_earth_is_exact() -> None:
    quarter = math.pi / 2 * geo.EARTH_RADIUS_METRES
    assert geo.great_circle_metres(0, 0, 90, 0) == pytest.approx(quarter, rel=1e-12)
    assert geo.great_circle_metres(0, 0, 0, 180) == pytest.approx(2 * quarter, rel=1e-12)
    assert geo.great_circle_metres(0, 179.5, 0, -179.5) == pytest.approx(quarter / 90, rel=1e-9)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_metres_from_dot_agrees_with_haversine(lat1: float, lng1: float, lat2: float, lng2: float) -> None:
    dot = sum(a * b for a, b in zip(geo.unit_vector(lat1, lng1), geo.unit_vector(lat2, lng2), strict=True))
    haversine = geo.great_circle_metres(lat1, lng1, lat2, lng2)
    near_an_end = haversine < 100 or haversine > math.pi * geo.EARTH_RADIUS_METRES - 20_000
    assert geo.metres_from_dot(dot) == pytest.approx(haversine, abs=0.5 if near_an_end else 0.05)


def test_metres_from_dot_beyond_one_by_rounding_is_zero() -> None:
    assert geo.metres_from_dot(1.0000000000000002) == 0.0


@pytest.mark.parametrize(
    ("lat", "lng", "field"),
    [
        (90.01, 0, "lat"),
        (-91, 0, "lat"),
        (math.nan, 0, "lat"),
        (math.inf, 0, "lat"),
        (0, 180.5, "lng"),
        (0, -math.inf, "lng"),
        (0, math.nan, "lng"),
    ],
)
def test_check_point_off_the_earth_is_refused_naming_the_coordinate(lat: float, lng: float, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        geo.check_point(lat, lng)
    assert refusal.value.field == field


def test_check_point_uses_the_names_it_was_given() -> None:
    with pytest.raises(InvalidInput) as refusal:
        geo.check_point(0, 200, lat_field="latitude", lng_field="longitude")
    assert refusal.value.field == "longitude"


@pytest.mark.parametrize(("lat", "lng"), [(90, 180), (-90, -180), (0, 0), (31.2304, 121.4737)])
def test_check_point_on_the_earth_passes(lat: float, lng: float) -> None:
    geo.check_point(lat, lng)

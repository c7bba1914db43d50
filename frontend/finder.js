// The map beside a list of stores. The rows of the list carry the points, so list and map cannot differ.
import * as L from "leaflet/dist/leaflet-src.esm.js";

import "./finder.css";

const PIN = [30, 30];
const CLOSEST = 18;
// Rings around the shopper's place, in metres: without tiles they say how far things are.
const RINGS = [500, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const box = document.getElementById("store-map");
const rows = [...document.querySelectorAll("[data-store]")];

function pointOf(element) {
  return L.latLng(Number(element.dataset.lat), Number(element.dataset.lng));
}

function drawMap() {
  const { tiles, attribution, zoomIn, zoomOut } = box.dataset;
  const map = L.map(box, {
    attributionControl: false,
    fadeAnimation: !isStill,
    markerZoomAnimation: !isStill,
    maxZoom: CLOSEST,
    scrollWheelZoom: false,
    zoomAnimation: !isStill,
    zoomControl: false,
  });
  L.control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  const points = rows.map(pointOf);
  if (box.dataset.lat) {
    points.push(pointOf(box));
  }
  map.fitBounds(L.latLngBounds(points).pad(0.12), { animate: false, maxZoom: 15 });
  if (tiles) {
    L.tileLayer(tiles, { maxZoom: CLOSEST, referrerPolicy: "origin" }).addTo(map);
    L.control.attribution({ prefix: false }).addAttribution(attribution).addTo(map);
  } else {
    drawGround(map);
  }
  drawPlace(map, !tiles);
  return map;
}

// Without tiles: the names of the cities or districts, where their stores are.
function drawGround(map) {
  for (const [lat, lng, name] of JSON.parse(box.dataset.labels)) {
    const text = document.createElement("span");
    text.textContent = name;
    const icon = L.divIcon({ className: "map-name", html: text, iconSize: [0, 0] });
    L.marker([lat, lng], { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(map);
  }
}

function drawPlace(map, hasRings) {
  if (!box.dataset.lat) {
    return;
  }
  const here = pointOf(box);
  const farthest = Math.max(...rows.map((row) => here.distanceTo(pointOf(row))));
  for (const radius of hasRings ? RINGS.filter((ring) => ring < farthest * 1.3).slice(-3) : []) {
    L.circle(here, { className: "map-ring", interactive: false, radius }).addTo(map);
  }
  L.circleMarker(here, { className: "map-here", interactive: false, radius: 8 }).addTo(map);
}

function drawPin(map, row) {
  const { number, name } = row.dataset;
  const icon = L.divIcon({ className: "map-pin", html: number, iconSize: PIN });
  const pin = L.marker(pointOf(row), { icon, title: name }).addTo(map);
  pin.getElement().setAttribute("aria-label", `${number} ${name}`);
  return pin;
}

function start() {
  const map = drawMap();
  const pins = rows.map((row) => drawPin(map, row));
  // Where pins lie over each other, the first of the list lies on top.
  const heights = rows.map((_row, index) => (rows.length - index) * 1000);

  // One store is the current one, in the list and on the map.
  function choose(chosen) {
    rows.forEach((row, index) => {
      row.classList.toggle("is-current", index === chosen);
      pins[index].getElement().classList.toggle("is-current", index === chosen);
      pins[index].setZIndexOffset(index === chosen ? 1_000_000 : heights[index]);
    });
  }

  choose(-1);

  rows.forEach((row, index) => {
    const show = () => {
      choose(index);
      map.panInside(pointOf(row), { animate: !isStill, padding: PIN });
    };
    row.addEventListener("pointerenter", show);
    row.addEventListener("focusin", show);
    pins[index].on("click keypress", ({ type, originalEvent }) => {
      if (type === "keypress" && !["Enter", " "].includes(originalEvent.key)) {
        return;
      }
      originalEvent.preventDefault();
      row.scrollIntoView({ behavior: isStill ? "auto" : "smooth", block: "center" });
      row.querySelector("a").focus({ preventScroll: true });
      choose(index);
    });
  });
}

if (box && rows.length) {
  start();
}

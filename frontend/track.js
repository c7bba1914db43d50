// The map of a courier's ride, beside the words that say the same. The words carry the points, so both change together.
import * as L from "leaflet/dist/leaflet-src.esm.js";

import "./finder.css";

const CLOSEST = 18;
const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
// What is drawn in each map: a map stays while the words around it are replaced.
const drawn = new Map();

function pointOf(text) {
  return L.latLng(...text.split(",").map(Number));
}

function mark(className, name) {
  const words = document.createElement("span");
  words.className = "track-name";
  words.textContent = name;
  const icon = L.divIcon({ className: `track-pin ${className}`, html: words, iconSize: [26, 26] });
  return { icon, title: name, interactive: false, keyboard: false };
}

function begin(box, ride) {
  const { tiles, attribution, storeName, doorName, courierName } = ride.dataset;
  const map = L.map(box, {
    attributionControl: false,
    fadeAnimation: !isStill,
    maxZoom: CLOSEST,
    scrollWheelZoom: false,
    zoomAnimation: !isStill,
    zoomControl: false,
  });
  const places = [pointOf(ride.dataset.store), pointOf(ride.dataset.door), pointOf(ride.dataset.courier)];
  map.fitBounds(L.latLngBounds(places).pad(0.2), { animate: false, maxZoom: 16 });
  if (tiles) {
    L.tileLayer(tiles, { maxZoom: CLOSEST, referrerPolicy: "origin" }).addTo(map);
    L.control.attribution({ prefix: false }).addAttribution(attribution).addTo(map);
  }
  L.control.scale({ imperial: false }).addTo(map);
  L.polyline([places[0], places[1]], { className: "track-line", interactive: false }).addTo(map);
  const trail = L.polyline([], { className: "track-ridden", interactive: false }).addTo(map);
  L.marker(places[0], mark("is-store", storeName)).addTo(map);
  L.marker(places[1], mark("is-door", doorName)).addTo(map);
  const courier = L.marker(places[2], { ...mark("is-courier", courierName), zIndexOffset: 1000 }).addTo(map);
  return { box, map, trail, courier };
}

function draw() {
  for (const ride of document.querySelectorAll("[data-ride]")) {
    const box = document.getElementById(ride.dataset.ride);
    if (!box) {
      continue;
    }
    let shown = drawn.get(box.id);
    if (shown?.box !== box) {
      shown?.map.remove();
      shown = begin(box, ride);
      drawn.set(box.id, shown);
    }
    const here = pointOf(ride.dataset.courier);
    shown.trail.setLatLngs([...JSON.parse(ride.dataset.trail), here]);
    shown.courier.setLatLng(here);
    if (!shown.map.getBounds().contains(here)) {
      shown.map.panTo(here, { animate: !isStill });
    }
  }
}

// A code that is shown to be scanned: the screen stays on meanwhile.
async function stayAwake() {
  if (document.querySelector("dialog.pickup-bright[open]") && "wakeLock" in navigator) {
    try {
      const lock = await navigator.wakeLock.request("screen");
      document.querySelector("dialog.pickup-bright[open]")?.addEventListener("close", () => lock.release());
    } catch {
      // A device may refuse; the code is shown all the same.
    }
  }
}

document.addEventListener("click", () => window.setTimeout(stayAwake));
document.addEventListener("htmx:afterSettle", draw);
draw();

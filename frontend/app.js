// What every page has: htmx, and small behaviours that elements ask for by attribute.
import htmx from "htmx.org";

import "./forget.js";
import "./style.css";

window.htmx = htmx;

// data-countdown="2026-11-22T08:00:00Z": the time left until then, in the element's text.
function tick() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const seconds = Math.floor((Date.parse(element.dataset.countdown) - Date.now()) / 1000);
    const left = Math.max(seconds, 0);
    const hours = Math.floor(left / 3600);
    const rest = [Math.floor((left % 3600) / 60), left % 60].map((part) => String(part).padStart(2, "0")).join(":");
    element.textContent = hours ? `${hours}:${rest}` : rest;
    element.classList.toggle("countdown-due", seconds < 60);
  }
}

// data-dialog="id": opens the dialog; a form with method="dialog" in it closes it.
// data-locate: puts the browser's position into the fields lat and lng of its form, and sends the form.
function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    document.getElementById(opener.dataset.dialog)?.showModal();
  }
  const locator = event.target.closest("[data-locate]");
  if (locator) {
    locate(locator);
  }
}

function locate(button) {
  const form = button.form ?? button.closest("form");
  button.setAttribute("aria-busy", "true");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      button.removeAttribute("aria-busy");
      form.elements.lat.value = coords.latitude.toFixed(6);
      form.elements.lng.value = coords.longitude.toFixed(6);
      form.requestSubmit();
    },
    () => {
      button.removeAttribute("aria-busy");
      showNotice(button.dataset.locateRefused);
    },
    { enableHighAccuracy: false, maximumAge: 300000, timeout: 8000 },
  );
}

// A line at the foot of the page for what could not be done; screen readers say it.
function showNotice(text) {
  const notice = document.getElementById("notice");
  if (!notice || !text) {
    return;
  }
  notice.querySelector("[data-notice-text]").textContent = text;
  notice.hidden = false;
  window.setTimeout(() => {
    notice.hidden = true;
  }, 6000);
}

function onRefused() {
  showNotice(document.getElementById("notice")?.dataset.failed);
}

document.addEventListener("click", onClick);
document.addEventListener("htmx:responseError", onRefused);
document.addEventListener("htmx:sendError", onRefused);
document.addEventListener("htmx:afterSettle", tick);
window.setInterval(tick, 1000);
tick();

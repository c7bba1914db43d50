// The store's pages, on a tablet that stays on all day.
import "./app.js";
import "./share.js";
import "./kept.js";
import { sendScan } from "./scans.js";
import "./wave.js";
import "./shell.css";
import "./care.css";
import "./code.css";
import "./meeting.css";
import "./numbers.css";
import "./counter.css";
import "./tasks.css";
import "./aisle.css";

// <input data-scan>: a button beside it opens the camera; what it reads is put into the input and its form is sent
// (data-scan="keep": only filled; data-scan="many": the camera stays on for the next). A hand scanner types into the input and sends Enter by itself.
function addScanButtons(root) {
  const button = document.getElementById("scan-button");
  for (const input of root.querySelectorAll("input[data-scan]")) {
    if (button && !input.parentElement.classList.contains("scan-row")) {
      const hadFocus = document.activeElement === input;
      const row = document.createElement("span");
      row.className = "scan-row";
      input.replaceWith(row);
      row.append(input, button.content.cloneNode(true));
      if (hadFocus) {
        input.focus();
      }
    }
  }
}

// The decoder weighs a megabyte: it is fetched when somebody first scans.
async function openScanner(button) {
  button.setAttribute("aria-busy", "true");
  try {
    const { scan, scanMany } = await import("./scan.js");
    const input = button.parentElement.querySelector("input[data-scan]");
    if (input.dataset.scan === "many") {
      await scanMany((text) => sendScan(input.id, text));
      focusAgain(input.id);
      return;
    }
    const text = await scan();
    if (text && input) {
      fill(input, text);
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// The page has come anew beneath the camera: the button that opened it is another.
function focusAgain(id) {
  if (document.activeElement === document.body) {
    const row = document.getElementById(id)?.parentElement;
    (row?.querySelector(".scan-open") ?? document.getElementById("content")).focus();
  }
}

function fill(input, text) {
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
  if (input.dataset.scan !== "keep") {
    input.form?.requestSubmit();
  }
}

// A pickup code that was scanned elsewhere comes in the part of the address that no server sees.
function takeCode() {
  const code = /^#code=(\d{6})$/.exec(window.location.hash)?.[1];
  const input = document.querySelector("input[name=code]");
  if (code && input) {
    input.value = code;
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
}

// Menus close when something else is touched, or by Escape.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) {
      menu.open = false;
    }
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) {
    window.print();
  }
  closeMenus(event.target.closest("details[data-menu]"));
  const button = event.target.closest(".scan-open");
  if (button) {
    void openScanner(button);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    closeMenus(null);
  }
});
document.addEventListener("htmx:afterSettle", (event) => addScanButtons(event.target));
addScanButtons(document);
takeCode();

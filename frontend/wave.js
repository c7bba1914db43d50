// A list that is scanned one piece after the other: the input is empty and ready for the next before the answer is
// there, and the scans go one after the other.
import htmx from "htmx.org";

import { freshKey } from "./kept.js";

let last = Promise.resolve();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-wave-scan]")) {
    return;
  }
  event.preventDefault();
  const values = Object.fromEntries(new FormData(form));
  form.reset();
  form.elements.once.value = freshKey();
  form.querySelector("input[data-scan]").focus();
  document.getElementById("said")?.replaceChildren(); // what it says is of the scan before
  if (values.code.trim()) {
    last = last.then(() => htmx.ajax("POST", form.action, { source: form, values })).catch(() => undefined);
  }
});

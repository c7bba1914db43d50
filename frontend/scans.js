// One scan after another while the camera stays on: each is sent with its form, and the page that is answered with comes
// in beneath the dialog.
import htmx from "htmx.org";

import { freshKey, nameTouch, showOffline } from "./kept.js";

let unsent = "";

// Sends what was read with the form of the input that has this id. Resolves with what became of it ("done", "refused",
// "kept" or "unsent"), the page's words, and how many of how many there are; `isLast`: nothing more is scanned here.
export async function sendScan(id, text) {
  const input = document.getElementById(id);
  if (!input) {
    return { state: "unsent", words: "", sum: "", isLast: true };
  }
  const answer = await post(input, text).catch(() => null);
  unsent = answer ? "" : text;
  if (!answer) {
    return { state: "unsent", words: "", sum: "", isLast: false };
  }
  if (answer.headers.get("X-Desk-Offline")) {
    showOffline(Date.now());
    document.body.dataset.asOf ??= new Date().toISOString();
    return { state: "kept", words: "", sum: "", isLast: false };
  }
  if (answer.status === 401) {
    window.location.reload();
  }
  return take(id, answer, await answer.text());
}

async function post(input, text) {
  const { form } = input;
  input.value = text;
  // The same scan that was perhaps lost on its way back keeps its key, and counts once.
  if (form.elements.once && text !== unsent) {
    form.elements.once.value = freshKey();
  }
  nameTouch(form);
  const body = new URLSearchParams(new FormData(form));
  input.value = "";
  return fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
}

// Puts the new page in place of the old one, unless it is only the page of an error, and reads what it says.
function take(id, answer, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const form = page.getElementById(id)?.form;
  const isPage = Boolean(form) || answer.ok;
  if (isPage) {
    htmx.swap("#content", html, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 }, { select: "#content" });
    delete document.body.dataset.asOf;
  }
  const refusals = answer.ok ? page.querySelectorAll("#said .alert-error") : errors(page, form);
  const isRefused = !answer.ok || refusals.length > 0;
  const said = isRefused ? refusals : page.querySelectorAll("#said .alert");
  return {
    state: isRefused ? "refused" : "done",
    words: words(said),
    sum: words(page.querySelectorAll("[data-scan-sum]")),
    isLast: isPage && !form,
  };
}

function errors(page, form) {
  const marked = (form ?? page).querySelectorAll(".field-error");
  return marked.length ? marked : [...page.querySelectorAll("main p")].slice(0, 1);
}

function words(elements) {
  return [...elements].map((one) => one.textContent.trim().replace(/\s+/g, " ")).filter(Boolean).join(" ");
}

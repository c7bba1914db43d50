// Working on a weak network, as the clerk sees it: what the page is as of, and what is not yet through.
// The service worker (templates/desk/worker.js) keeps and sends; both use the same database.

const ASK_AGAIN_MS = 15_000;
const bar = document.querySelector("[data-person]");
const person = bar?.dataset.person ?? "";
const chip = document.getElementById("kept-chip");
const dialog = document.getElementById("kept");
const offline = document.getElementById("offline");
let known = [];

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("desk", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("touches", { keyPath: "key" });
      asked.result.createObjectStore("state");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function withTouches(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("touches", mode);
      const asked = work(transaction.objectStore("touches"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

async function show() {
  const all = await withTouches("readonly", (store) => store.getAll());
  known = all.filter((touch) => touch.person === person).sort((one, other) => one.at - other.at);
  const others = all.length - known.length;
  chip.hidden = known.length === 0 && others === 0;
  chip.querySelector("b").textContent = String(known.length + others);
  chip.classList.toggle("is-refused", known.some((touch) => touch.state !== "waiting"));
  dialog.querySelector("ul").replaceChildren(...known.map(item));
  const foreign = dialog.querySelector("[data-others]");
  foreign.hidden = others === 0;
  foreign.querySelector("b").textContent = String(others);
  if (dialog.open && chip.hidden) {
    dialog.close();
  }
  markForms();
}

function item(touch) {
  const line = document.getElementById("kept-line").content.firstElementChild.cloneNode(true);
  line.querySelector("[data-words]").textContent = touch.words;
  line.querySelector("time").textContent = clockOf(touch.at);
  line.querySelector("[data-state]").textContent = dialog.dataset[touch.state];
  line.querySelector("[data-said]").textContent = said(touch).join(" ");
  line.dataset.key = touch.key;
  line.classList.toggle("is-refused", touch.state !== "waiting");
  return line;
}

// What the server said; where it answered with a page, what that says beside its fields.
function said(touch) {
  if (touch.said.length || !touch.page) {
    return touch.said;
  }
  const page = new DOMParser().parseFromString(touch.page, "text/html");
  const marked = [...page.querySelectorAll(".field-error, .alert-error:not([data-notice-text]), .alert-warning")];
  const found = marked.length ? marked : [...page.querySelectorAll("main p")].slice(0, 1);
  return [...new Set(found.map((one) => one.textContent.trim()).filter(Boolean))];
}

function clockOf(moment) {
  return new Date(moment).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
}

// A form whose touch is waiting is not pressed twice, unless it may be (data-keep="again").
function markForms() {
  for (const form of document.querySelectorAll("form[data-keep]:not([data-keep=again])")) {
    const key = form.elements.once?.value;
    const isKept = known.some((touch) => touch.key === key);
    form.classList.toggle("is-kept", isKept);
    for (const button of form.querySelectorAll("button:not([type=button])")) {
      button.disabled = isKept;
    }
  }
  markRows();
}

// A row says how many touches of its goods are not yet through: data-kept-codes are the codes they may come with, and
// data-kept-for around it is where the addresses begin that they are sent to.
function markRows() {
  for (const list of document.querySelectorAll("[data-kept-for]")) {
    const own = known.filter((touch) => new URL(touch.url).pathname.startsWith(list.dataset.keptFor));
    const waiting = own.filter((touch) => touch.state === "waiting").map(goodsOf);
    for (const mark of list.querySelectorAll("[data-kept-codes]")) {
      const codes = mark.dataset.keptCodes.split("|").filter(Boolean);
      const count = waiting.filter((code) => codes.includes(code)).length;
      mark.hidden = count === 0;
      mark.querySelector("b").textContent = String(count);
    }
  }
}

// What a touch is about: what was scanned (a shelf label holds an address), or the line that was pressed.
function goodsOf(touch) {
  const { code, line } = Object.fromEntries(touch.fields);
  const text = code?.normalize("NFKC").trim();
  return /\/scan\/[^/]+\/(.+?)\/?$/.exec(text)?.[1] ?? text ?? `line-${line}`;
}

export function freshKey() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The clerk reads later what was pressed: the button's words, what was scanned, and the page's. What may be pressed
// again and again has a key each time: a page that was kept comes with one that was used.
export function nameTouch(form, submitter) {
  if (!form.matches?.("form[data-keep]") || !form.elements.once) {
    return;
  }
  if (form.dataset.keep === "again") {
    form.elements.once.value = freshKey();
  }
  const about = form.dataset.keepName ?? document.querySelector("h1")?.textContent;
  const pressed = submitter?.getAttribute("aria-label") ?? submitter?.textContent;
  const words = [pressed, form.elements.code?.value, about].map((text) => text?.trim());
  let field = form.querySelector("input[name=touch]");
  if (!field) {
    field = Object.assign(document.createElement("input"), { type: "hidden", name: "touch" });
    form.append(field);
  }
  field.value = words.filter(Boolean).join(" · ").replace(/\s+/g, " ").slice(0, 120);
}

function send() {
  navigator.serviceWorker.controller?.postMessage({ kind: "send" });
}

async function onList(event) {
  const line = event.target.closest("[data-key]");
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (!line || !act) {
    return;
  }
  const touch = known.find((one) => one.key === line.dataset.key);
  if (act === "discard") {
    await withTouches("readwrite", (store) => store.delete(line.dataset.key));
  } else if (touch) {
    const at = touch.state === "old" ? Date.now() : touch.at;
    const again = { ...touch, at, state: "waiting", said: [], page: "", attempts: 0 };
    await withTouches("readwrite", (store) => store.put(again));
    send();
  }
  await show();
}

// Offline: since when, or as of when the page is.
export function showOffline(asOf) {
  if (!offline.hidden) {
    return;
  }
  offline.hidden = false;
  offline.querySelector("time").textContent = clockOf(asOf);
}

async function askAgain() {
  const isWaiting = known.some((touch) => touch.state === "waiting");
  if (!document.body.dataset.asOf && offline.hidden && !isWaiting) {
    return;
  }
  const answer = await fetch("/desk/token/", { headers: { "X-Desk-Kept": "1" }, cache: "no-store" }).catch(() => null);
  if (!answer || [502, 503, 504].includes(answer.status)) {
    return;
  }
  offline.hidden = true;
  if (isWaiting && answer.ok) {
    send();
  } else {
    renew();
  }
}

// Loads a page anew that is as of some time ago, unless somebody is typing.
function renew() {
  const fields = [...document.querySelectorAll("main input:not([type=hidden]), main textarea")];
  const isTyping = fields.some((field) => field === document.activeElement && field.value);
  if (document.body.dataset.asOf && !isTyping && !document.querySelector("dialog[open]")) {
    window.location.reload();
  }
}

async function onMessage({ data }) {
  if (data?.kind !== "touches") {
    return;
  }
  await show();
  if (data.done) {
    const told = document.getElementById("kept-told");
    told.textContent = [told.dataset.done, ...data.done].join(" ");
    told.hidden = false;
    window.setTimeout(() => {
      told.hidden = true;
    }, 8000);
  }
  if (data.isReached) {
    offline.hidden = true;
    if (!known.some((touch) => touch.state === "waiting")) {
      window.setTimeout(renew, 1500);
    }
  }
}

function begin() {
  navigator.serviceWorker.register("/desk/worker.js").catch(() => undefined);
  // A page that was loading while the worker began is not its yet.
  void navigator.serviceWorker.ready.then(({ active }) => {
    if (!navigator.serviceWorker.controller) {
      active.postMessage({ kind: "claim" });
    }
  });
  navigator.serviceWorker.addEventListener("message", (event) => void onMessage(event));
  document.addEventListener("submit", ({ target, submitter }) => nameTouch(target, submitter));
  chip.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => void onList(event));
  window.addEventListener("online", () => void askAgain());
  window.addEventListener("offline", () => showOffline(Date.now()));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.xhr?.getResponseHeader("X-Desk-Offline")) {
      showOffline(Date.now());
    } else if (detail.successful && !document.body.dataset.asOf) {
      offline.hidden = true;
    }
  });
  document.addEventListener("htmx:afterSettle", markForms);
  window.setInterval(() => void askAgain(), ASK_AGAIN_MS);
  if (document.body.dataset.asOf) {
    showOffline(Date.parse(document.body.dataset.asOf));
  }
  void show().then(askAgain);
}

if (window.isSecureContext && navigator.serviceWorker && window.indexedDB && chip) {
  begin();
}

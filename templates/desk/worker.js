// The desk on a weak network: the pages that a person has visited stay visible, and a touch that does not get through
// is kept and sent once the network is back, in order. Pages belong to the person they were made for: another person,
// or a sign-out, ends them. Touches stay until their person sends or discards them.
const RELEASE = "desk-files-{{ release }}";
const KEPT = {{ kept|safe }};
const OFFLINE = KEPT[0];
const PAGES = "desk-pages-";
const MOST_PAGES = 80;
const PAGE_HOURS = 24;
const PATIENCE = {{ patience }};
// The server remembers keys for a week; what is older would be done twice if it had arrived.
const TOUCH_DAYS = 6;
const MOST_ATTEMPTS = 5;
const AWAY = [502, 503, 504];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(RELEASE).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldFiles().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) {
    return;
  }
  const isDesk = pathname.startsWith("/desk/");
  if (request.method === "POST" && isDesk) {
    event.respondWith(sendOrKeep(event));
  } else if (request.method !== "GET") {
    return;
  } else if (request.mode === "navigate") {
    event.respondWith(openPage(event));
  } else if (isDesk && request.headers.has("HX-Request")) {
    event.respondWith(refresh(event));
  } else if (KEPT.includes(pathname) || pathname.startsWith("/static/dist/assets/")) {
    event.respondWith(openFile(request));
  } else if (pathname.startsWith("/garments/")) {
    event.respondWith(openPicture(request));
  }
});

self.addEventListener("message", (event) => {
  if (event.data?.kind === "send") {
    event.waitUntil(send());
  } else if (event.data?.kind === "claim") {
    event.waitUntil(self.clients.claim());
  }
});

self.addEventListener("sync", (event) => {
  event.waitUntil(
    send().then(async () => {
      if ((await touches()).some((touch) => touch.state === "waiting")) {
        throw new Error("not all is through"); // the browser tries again
      }
    }),
  );
});

// Files and pictures

async function dropOldFiles() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("desk-files-") && name !== RELEASE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function openFile(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  return kept ?? keepFile(request, await fetch(request));
}

async function openPicture(request) {
  try {
    return await keepFile(request, await fetch(request));
  } catch (error) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) {
      return kept;
    }
    throw error;
  }
}

async function keepFile(request, answer) {
  if (answer.ok) {
    const cache = await caches.open(RELEASE);
    await cache.put(request, answer.clone());
  }
  return answer;
}

// Pages

async function openPage(event) {
  const { request } = event;
  try {
    const answer = await patient(fetch(request), () => keptPage(request));
    if (AWAY.includes(answer.status)) {
      return (await keptPage(request)) ?? answer;
    }
    if (answer.ok) {
      event.waitUntil(keepPage(request, answer.clone()).then(send));
    }
    return answer;
  } catch {
    return (await keptPage(request)) ?? (await caches.match(OFFLINE)) ?? Response.error();
  }
}

// Waits for the network; where it is slow and there is something else to show, shows that.
async function patient(asked, instead) {
  const first = await Promise.race([asked, later(PATIENCE).then(instead)]);
  return first ?? asked;
}

function later(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function refresh(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.status === 401) {
      await forgetPages();
    }
    return AWAY.includes(answer.status) ? quiet() : answer;
  } catch {
    return quiet();
  }
}

// Nothing new: htmx leaves the page as it is, and the page says that it is offline.
function quiet() {
  return new Response(null, { status: 204, headers: { "X-Desk-Offline": "1" } });
}

async function keepPage(request, answer) {
  const person = answer.headers.get("X-Desk-Person");
  if (!person || answer.headers.get("X-Desk-Keep") === "no" || !/html/.test(answer.headers.get("Content-Type"))) {
    return;
  }
  if ((await read("person")) !== person) {
    await forgetPages();
    await write("person", person);
  }
  const headers = new Headers(answer.headers);
  headers.set("X-Desk-As-Of", new Date().toISOString());
  const cache = await caches.open(PAGES + person);
  await cache.delete(request.url, { ignoreVary: true });
  await cache.put(request.url, new Response(await answer.text(), { headers }));
  const names = await cache.keys();
  await Promise.all(names.slice(0, -MOST_PAGES).map((name) => cache.delete(name)));
}

async function keptPage(request) {
  const person = await read("person");
  if (!person) {
    return undefined;
  }
  const cache = await caches.open(PAGES + person);
  const kept = await cache.match(request.url, { ignoreVary: true });
  const asOf = kept?.headers.get("X-Desk-As-Of");
  if (!kept || Date.now() - Date.parse(asOf) > PAGE_HOURS * 3600_000) {
    return new URL(request.url).pathname === "/desk/" ? lastQueue(cache) : undefined;
  }
  const html = (await kept.text()).replace("<body ", `<body data-as-of="${asOf}" `);
  return new Response(html, { headers: kept.headers });
}

// The desk's own address leads to the store that was looked at last.
async function lastQueue(cache) {
  const queues = (await cache.keys()).filter(({ url }) => /\/desk\/stores\/\d+\/(\?|$)/.test(url));
  return queues.length ? Response.redirect(queues.at(-1).url) : undefined;
}

async function forgetPages() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PAGES)).map((name) => caches.delete(name)));
  await write("person", "");
}

// Touches

// Only a form that says so is kept: it has a key, and the words under which the clerk finds it again.
async function sendOrKeep(event) {
  const { request } = event;
  const fields = [...(await request.clone().formData())].filter(([, value]) => typeof value === "string");
  const { once, touch: words } = Object.fromEntries(fields);
  const person = await read("person");
  if (!person || !once || words === undefined) {
    return fetch(request).catch(() => (request.mode === "navigate" ? notSent(request) : Response.error()));
  }
  await send(); // what is waiting goes first
  const isQueued = (await touches()).some((touch) => touch.state === "waiting" && touch.person === person);
  if (!isQueued) {
    try {
      const answer = await Promise.race([fetch(request), later(2 * PATIENCE)]);
      if (answer && !AWAY.includes(answer.status)) {
        // A part of the page was asked for: it comes as the whole page, which is newer than the one that is kept.
        if (answer.ok && answer.redirected) {
          event.waitUntil(keepPage({ url: answer.url }, answer.clone()));
        }
        return answer;
      }
    } catch {
      // kept below
    }
  }
  return keep(event, { key: once, person, url: request.url, words, fields });
}

async function keep(event, touch) {
  const { request } = event;
  const fields = touch.fields.filter(([name]) => name !== "csrfmiddlewaretoken");
  const kept = { ...touch, fields, at: Date.now(), state: "waiting", said: [], page: "", attempts: 0 };
  await inStore("touches", "readwrite", (store) => store.put(kept));
  await tellPages();
  event.waitUntil(self.registration.sync?.register("desk-touches").catch(() => undefined) ?? Promise.resolve());
  const isPage = request.mode === "navigate";
  return isPage ? Response.redirect(request.referrer || "/desk/", 303) : quiet();
}

// Its "Try again" leads back to the form: nobody can load the address that it was sent to.
async function notSent(request) {
  const page = await caches.match(OFFLINE);
  const back = (request.referrer || "/desk/").replaceAll("&", "&amp;");
  const html = (await page?.text())?.replace('href=""', `href="${back}"`);
  return html ? new Response(html, { status: 503, headers: page.headers }) : Response.error();
}

let sending = null;

function send() {
  sending ??= sendAll().finally(() => {
    sending = null;
  });
  return sending;
}

async function sendAll() {
  const waiting = (await touches()).filter((touch) => touch.state === "waiting");
  if (!waiting.length) {
    return;
  }
  const who = await ask();
  if (!who) {
    return;
  }
  for (const touch of waiting.filter((one) => one.person === who.person)) {
    if (Date.now() - touch.at > TOUCH_DAYS * 86_400_000) {
      await settle({ ...touch, state: "old" });
    } else if (!(await sendOne(touch, who.token))) {
      return; // in order: the rest waits with it
    }
  }
}

// Who is signed in here, and a token for their forms; nothing without a network or a sign-in.
async function ask() {
  try {
    const answer = await fetch("/desk/token/", {
      headers: { "X-Desk-Kept": "1" },
      cache: "no-store",
      signal: AbortSignal.timeout(3 * PATIENCE),
    });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// Tells whether the server has answered for a touch, with yes or no.
async function sendOne(touch, token) {
  const body = new URLSearchParams([...touch.fields, ["csrfmiddlewaretoken", token]]);
  let answer;
  try {
    const signal = AbortSignal.timeout(3 * PATIENCE);
    answer = await fetch(touch.url, { method: "POST", body, signal, headers: { "X-Desk-Kept": "1" } });
  } catch {
    return false;
  }
  if (AWAY.includes(answer.status) || answer.status === 401) {
    return false;
  }
  const isJson = /json/.test(answer.headers.get("Content-Type") ?? "");
  const told = isJson ? await answer.json() : {};
  if (answer.ok && told.outcome === "done") {
    await inStore("touches", "readwrite", (store) => store.delete(touch.key));
    await tellPages({ isReached: true, done: told.words });
    return true;
  }
  const isPassing = told.code === "busy" || answer.status >= 500 || answer.status === 403;
  if (isPassing && touch.attempts + 1 < MOST_ATTEMPTS) {
    await settle({ ...touch, attempts: touch.attempts + 1 });
    return false;
  }
  const page = isJson ? "" : await answer.text();
  await settle({ ...touch, state: "refused", said: told.words ?? [], page });
  return true;
}

async function settle(touch) {
  await inStore("touches", "readwrite", (store) => store.put(touch));
  await tellPages({ isReached: true });
}

async function touches() {
  const all = await inStore("touches", "readonly", (store) => store.getAll());
  return all.sort((one, other) => one.at - other.at);
}

async function tellPages(more = {}) {
  for (const page of await self.clients.matchAll({ type: "window" })) {
    page.postMessage({ kind: "touches", ...more });
  }
}

// The database that pages and this worker share (frontend/kept.js opens the same).

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

async function inStore(name, mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const asked = work(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function read(name) {
  return inStore("state", "readonly", (store) => store.get(name));
}

function write(name, value) {
  return inStore("state", "readwrite", (store) => store.put(value, name));
}

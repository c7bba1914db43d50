// The search field: suggestions as a list that arrows walk through, and what was searched lately (kept on this device).
const RECENT = "recent-searches";
const RECENT_MOST = 6;

const form = document.querySelector("[data-search]");
const field = form?.querySelector("input[type=search]");
const list = form?.querySelector("[role=listbox]");

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function activeOption() {
  return list.querySelector("[aria-selected=true]");
}

function choose(option) {
  activeOption()?.setAttribute("aria-selected", "false");
  if (option) {
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", option.id);
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function show(isShown) {
  const isOpen = isShown && options().length > 0;
  list.hidden = !isOpen;
  field.setAttribute("aria-expanded", String(isOpen));
  choose(null);
}

function walk(step) {
  const all = options();
  const at = all.indexOf(activeOption());
  // One place more than there are options: there the field itself is.
  const next = (at + 1 + step + all.length + 1) % (all.length + 1);
  choose(next ? all[next - 1] : null);
}

function onKey(event) {
  if (event.isComposing) {
    return;
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (list.hidden) {
      show(true);
    }
    walk(event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "Enter" && activeOption()) {
    event.preventDefault();
    activeOption().click();
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    show(false);
  }
}

function recent() {
  try {
    const kept = JSON.parse(window.localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

function remember(text) {
  const kept = [text, ...recent().filter((other) => other !== text)].slice(0, RECENT_MOST);
  try {
    window.localStorage.setItem(RECENT, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing has no recent searches.
  }
}

function showRecent(place) {
  const texts = recent();
  for (const text of texts) {
    const link = document.createElement("a");
    link.className = "chip";
    link.href = `${form.getAttribute("action")}?${new URLSearchParams({ q: text })}`;
    link.textContent = text;
    place.append(link);
  }
  place.hidden = texts.length === 0;
}

function start() {
  field.addEventListener("keydown", onKey);
  field.addEventListener("focus", () => show(field.value.trim() !== ""));
  list.addEventListener("htmx:afterSwap", () => show(document.activeElement === field && field.value.trim() !== ""));
  document.addEventListener("pointerdown", (event) => {
    if (!form.contains(event.target)) {
      show(false);
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) {
      show(false);
    }
  });
  form.addEventListener("submit", (event) => {
    if (!field.value.trim() && window.location.pathname === form.getAttribute("action")) {
      event.preventDefault();
    }
  });
  const searched = document.querySelector("[data-searched]")?.dataset.searched;
  if (searched) {
    remember(searched);
  }
  const place = document.querySelector("[data-recent]");
  if (place) {
    showRecent(place);
  }
}

if (form) {
  start();
}

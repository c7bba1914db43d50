// The shop's pages.
import "./app.js";
import "./filters.js";
import "./search.js";

// How many units the baskets hold: a cookie tells, so that a page that is kept for everybody can show it.
function showBasketCount() {
  const count = /(?:^|; )basket_count=(\d+)/.exec(document.cookie)?.[1] ?? "0";
  for (const element of document.querySelectorAll("[data-basket-count]")) {
    element.textContent = count;
    element.hidden = count === "0";
  }
}

// An account's baskets may have changed on another device since the cookie was set.
async function askBasketCount() {
  const address = document.querySelector("[data-basket-count]")?.dataset.basketCount;
  if (!address || !/(?:^|; )basket_shared=1/.test(document.cookie)) return;
  try {
    await fetch(address, { cache: "no-store" });
  } catch {
    return; // offline: the last count stays
  }
  showBasketCount();
}

window.addEventListener("pageshow", () => {
  showBasketCount();
  void askBasketCount();
});

// Installed on a phone, the shop says so itself when there is no network.
if (window.isSecureContext) {
  navigator.serviceWorker?.register("/worker.js").catch(() => undefined);
}

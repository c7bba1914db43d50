// The shop's pages.
import "./app.js";

// How many units the baskets hold: a cookie tells, so that a page that is kept for everybody can show it.
function showBasketCount() {
  const count = /(?:^|; )basket_count=(\d+)/.exec(document.cookie)?.[1] ?? "0";
  for (const element of document.querySelectorAll("[data-basket-count]")) {
    element.textContent = count;
    element.hidden = count === "0";
  }
}

window.addEventListener("pageshow", showBasketCount);

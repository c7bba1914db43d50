// The filters of a list: panels that close by themselves, and a list that goes on where it was.
function closeFilters(but) {
  for (const filter of document.querySelectorAll("details.filter[open]")) {
    if (filter !== but) {
      filter.open = false;
    }
  }
}

document.addEventListener("click", (event) => closeFilters(event.target.closest("details.filter")));
document.addEventListener("keydown", (event) => {
  const open = document.querySelector("details.filter[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// "More": whoever came by keyboard goes on at the first product that is new.
let seen = 0;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.closest(".more")) {
    seen = document.querySelectorAll(".list-page .product-card").length;
  }
});
document.addEventListener("htmx:afterSettle", () => {
  if (seen) {
    document.querySelectorAll(".list-page .product-card")[seen]?.focus({ preventScroll: true });
    seen = 0;
  }
});

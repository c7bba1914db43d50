// The desk's pages that this browser keeps for a weak network belong to the person who was signed in.

// Forgets them; the touches that wait to be sent stay, for that person alone.
export async function forgetPages() {
  if (!window.caches) {
    return;
  }
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("desk-pages-")).map((name) => caches.delete(name)));
}

// Signing out forgets them first; the sign-in page, where an ended sign-in leads, does too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.getAttribute("action") === "/accounts/logout/") {
    event.preventDefault();
    void forgetPages().finally(() => form.submit());
  }
});
if (document.querySelector("[data-signed-out]")) {
  void forgetPages();
}

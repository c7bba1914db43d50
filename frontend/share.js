// <button data-share="link" data-done="words">: hands a link to the device's own sheet, or copies it.
for (const button of document.querySelectorAll("[data-share]")) {
  button.hidden = !(navigator.share || navigator.clipboard);
  button.addEventListener("click", async () => {
    try {
      if (navigator.share) {
        await navigator.share({ url: button.dataset.share });
      } else {
        await navigator.clipboard.writeText(button.dataset.share);
        button.textContent = button.dataset.done;
      }
    } catch {
      // The sheet was closed, or copying is not allowed: the link stands above.
    }
  });
}

// Two conveniences; everything works without them.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("[data-slash]");
  if (!field) return;
  event.preventDefault();
  field.focus();
});

for (const handle of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "copy handle";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(handle.textContent.trim());
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy handle"; }, 2000);
    } catch {
      getSelection().selectAllChildren(handle);
    }
  });
  handle.after(button);
}

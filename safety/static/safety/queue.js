// Keys for the verification queue: each button names its own. Without this file everything works by Tab and Enter.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const key = event.key.toLowerCase() === "n" ? "s" : event.key.toLowerCase();
  if (key === "d") {
    document.querySelector("#decide [role=group] button")?.focus();
    event.preventDefault();
    return;
  }
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (target) {
    event.preventDefault();
    target.click();
  }
});
// A second press while the answer is on its way must not decide twice.
document.querySelector("#decide")?.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});

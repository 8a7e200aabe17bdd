// What ipywidgets and Lab leave out of a panel. A slider keeps its name in a label that is not shown, and its handle has
// none to read out: it gets that. A link that a button has just brought (.nbw-go) is followed: one click, not two. Text that is made to be
// pasted (pre.paste) gets a button that copies it.
(() => {
  let waiting = false;
  const name = () => {
    waiting = false;
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-slider")?.querySelector(".widget-label")?.title;
      if (label) handle.setAttribute("aria-label", label);
    }
    for (const link of document.querySelectorAll("a.nbw-go")) {
      if (!document.body.dataset.voila && !link.href.includes("/files/")) continue;  // Lab has yet to say what it opens
      link.classList.remove("nbw-go");
      if (navigator.userActivation?.isActive && link.checkVisibility()) link.click();
    }
    for (const text of document.querySelectorAll("pre.paste:not([data-copied])")) {
      const hand = Object.assign(document.createElement("button"), { className: "jupyter-button", textContent: "Copy" });
      text.dataset.copied = "";
      hand.onclick = () => navigator.clipboard.writeText(text.textContent).then(() => (hand.textContent = "Copied"));
      text.after(hand);
    }
  };
  new MutationObserver(() => {
    if (!waiting) requestIdleCallback(name);
    waiting = true;
  }).observe(document, { childList: true, subtree: true, attributeFilter: ["href"] });
})();

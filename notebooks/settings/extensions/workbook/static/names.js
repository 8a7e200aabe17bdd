// A slider of ipywidgets keeps its name in a label that is not shown, and its handle has none to read out: give it that.
(() => {
  let waiting = false;
  const name = () => {
    waiting = false;
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-slider")?.querySelector(".widget-label")?.title;
      if (label) handle.setAttribute("aria-label", label);
    }
  };
  new MutationObserver(() => {
    if (!waiting) requestIdleCallback(name);
    waiting = true;
  }).observe(document, { childList: true, subtree: true });
})();

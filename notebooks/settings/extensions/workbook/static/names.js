// What ipywidgets and Lab leave out of a panel for whoever works with keys or by ear.
// A slider keeps its name in a label that is not shown, and its handle has none to read out: it gets that. The title of
// a button that goes on where its text ends is its name, as many say "Leave it"; of an entry those whose name is the same
// still, of rows in rows, are numbered. A head that folds is a button, and says whether it is open. What is told again and
// again is told in a place that stays. The focus stays on the control in use when it is drawn anew. Text made to be pasted
// (pre.paste) gets a button that copies it. A link that a button has just brought (.nbw-go) is followed: one click, not two.
(() => {
  const HEAD = ".nbw-live .jupyter-widget-Collapse-header", PATIENCE = 800;  // milliseconds
  const HANDS = `.nbw-live :is(button, input, select, textarea, summary, a[href], [tabindex="0"])`;
  let waiting = false, held = null, gone = 0;  // the control in use; since when it is away

  function name() {
    waiting = false;
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".widget-slider")?.querySelector(".widget-label")?.title;
      if (label) handle.setAttribute("aria-label", label);
    }
    const shared = new Map();
    for (const button of document.querySelectorAll(".nbw-live .jupyter-button")) {
      const { title, textContent: text } = button;
      const full = title.startsWith(text) ? title : text;
      if (full !== text) button.setAttribute("aria-label", full);
      else button.removeAttribute("aria-label");
      if (/^[▸▾]/.test(text)) button.setAttribute("aria-expanded", text.startsWith("▾"));
      if (button.closest(".nbw-entry") && button.checkVisibility()) shared.set(full, [...(shared.get(full) ?? []), button]);
    }
    for (const [full, alike] of shared)
      if (alike[1]) alike.forEach((button, at) => button.setAttribute("aria-label", `${full} (${at + 1} of ${alike.length})`));
    for (const head of document.querySelectorAll(HEAD)) {
      head.role = "button";
      head.tabIndex = 0;
      head.ariaExpanded = head.closest(".jupyter-widget-Collapse").classList.contains("jupyter-widget-Collapse-open");
    }
    for (const told of document.querySelectorAll(".nbw-live .widget-html-content [role=status]")) {
      const place = told.closest(".widget-html-content");
      if (place.textContent.trim() === told.textContent.trim()) place.ariaLive = "polite";
    }
    for (const link of document.querySelectorAll("a.nbw-go")) {
      if (!document.body.dataset.voila && !link.href.includes("/files/")) continue;  // Lab has yet to say what it opens
      link.classList.remove("nbw-go");
      if (navigator.userActivation?.isActive && link.checkVisibility()) link.click();
    }
    for (const text of document.querySelectorAll("pre.paste:not([data-copied])")) {
      const hand = Object.assign(document.createElement("button"), { className: "jupyter-button", textContent: "Copy" });
      text.dataset.copied = "";
      hand.ariaLive = "polite";
      hand.onclick = () => navigator.clipboard.writeText(text.textContent).then(() => true, () => selected(text))
        .then(done => (hand.textContent = done ? "Copied" : "Selected: press Ctrl+C"));
      text.after(hand);
    }
    hold();
  }

  // Where the browser lets no script copy.
  function selected(text) {
    getSelection().selectAllChildren(text);
    return document.execCommand("copy");
  }

  const called = hand => [hand.tagName, hand.type, hand.ariaLabel ?? hand.labels?.[0]?.textContent ?? hand.textContent].join();
  const usable = hand => hand.isConnected && !hand.disabled && hand.checkVisibility();

  // Back to the control in use, or to one of its name, or when none comes to the nearest in its row, its form, its panel.
  function hold() {
    const { activeElement: inUse, body } = document;
    if (!held || (inUse === held.hand && usable(inUse)) || ![body, held.hand].includes(inUse)) return void (gone = 0);
    gone ||= performance.now();
    const now = [...document.querySelectorAll(HANDS)].filter(usable);
    const near = hands => hands.sort((a, b) => Math.abs(now.indexOf(a) - held.at) - Math.abs(now.indexOf(b) - held.at))[0];
    const same = usable(held.hand) ? held.hand : near(now.filter(hand => called(hand) === held.name));
    if (same) same.focus();
    else if (performance.now() - gone > PATIENCE)
      near(held.homes.map(home => now.filter(hand => home.contains(hand))).find(hands => hands.length) ?? [])?.focus();
    else setTimeout(hold, PATIENCE / 4);
  }

  addEventListener("focusin", ({ target }) => {
    const hands = [...document.querySelectorAll(HANDS)].filter(usable);
    const homes = [];
    for (let home = target.parentElement; home; home = home.parentElement) homes.push(home);
    const ours = target.closest?.(".nbw-live");
    held = ours ? { hand: target, name: called(target), at: hands.indexOf(target), homes } : null;
  });
  addEventListener("pointerdown", () => void (held = null), true);  // a hand goes where it wants
  addEventListener("click", ({ target }) => target.closest?.(HEAD) && setTimeout(name), true);
  addEventListener("keydown", event => {
    if (!event.target.matches?.(HEAD) || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    event.target.click();
  });
  new MutationObserver(() => {
    if (!waiting) requestIdleCallback(name, { timeout: 200 });
    waiting = true;
  }).observe(document, { childList: true, subtree: true, attributeFilter: ["href", "title", "disabled"] });
})();

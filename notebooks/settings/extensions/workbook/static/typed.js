// What a hand typed into a panel whose kernel is gone is typed again into the panel that takes its place: `gather`, then
// `put`, which gives back what found no place. It stays in memory, for a typed case is written nowhere; levers and drafts
// come back by themselves, and the entry of a draft in which was typed is opened again.
globalThis.workbookTyped = (() => {
  const FORM = ".nbw-typed", OPENS = "Type a case", PAUSE = 200, AT_MOST = 20_000, IN_SIGHT = 3_000;  // milliseconds
  const text = node => node?.textContent.trim() ?? "";
  const name = hand => text(hand.labels?.[0]) || hand.title || hand.placeholder;
  const inForm = hand => hand.closest(FORM) !== null;
  const hands = page => [...page.querySelectorAll(`.nbw-live :is(input[type=text], textarea, ${FORM} select)`)]
    .filter(hand => !hand.closest(".nbw-lever"));

  async function until(find, most) {
    for (let waited = 0; waited < most; waited += PAUSE) {
      const found = find();
      if (found) return found;
      await new Promise(done => setTimeout(done, PAUSE));
    }
  }

  addEventListener("input", ({ target }) => target.closest?.(".nbw-live") && (target.dataset.typed = "yes"), true);

  // The entry of a draft that is open, by the words of its section and its own.
  const outline = page => [...page.querySelectorAll(".nbw-live .nbw-outline select")];
  const chosen = list => text(list.selectedOptions[0]);
  const gather = page => hands(page).filter(hand => hand.dataset.typed && hand.value.trim())
    .map(hand => ({ name: name(hand), value: hand.value, form: inForm(hand), entry: outline(page).map(chosen) }));

  async function reopen(page, entry) {
    for (const [at, words] of entry.entries()) {
      const found = () => [...outline(page)[at]?.options ?? []].find(one => words && text(one) === words);
      const option = await until(found, at ? IN_SIGHT : AT_MOST);
      if (!option) return false;
      if (option.selected) continue;
      option.selected = true;
      option.parentElement.dispatchEvent(new Event("change", { bubbles: true }));
    }
    return entry.length > 0;
  }

  async function put(page, typed) {
    const lost = [], opens = await reopen(page, typed[0]?.entry ?? []);
    if (typed.some(one => one.form))
      (await until(() => [...page.querySelectorAll(".nbw-live button")].find(one => text(one) === OPENS), AT_MOST))?.click();
    for (const one of typed) {
      const hand = await until(() => hands(page).find(hand => name(hand) === one.name && inForm(hand) === one.form &&
        hand.checkVisibility()), one.form || opens ? AT_MOST : IN_SIGHT);
      if (!hand) lost.push(`${one.name}: ${one.value}`);
      else if (hand.value !== one.value) {
        hand.value = one.value;
        for (const kind of ["input", "change"]) hand.dispatchEvent(new Event(kind, { bubbles: true }));
      }
    }
    return lost;
  }

  return { gather, put };
})();

/* Numbers and findings as people read them, as the reports write them, and elements of a page made of plain text. */

const words = (() => {
  const Z = 1.959963984540054; // two-sided 95 %
  const digits = new Intl.NumberFormat("en-US"), count = (n) => digits.format(n);
  const signed = (n) => (n ? `${n > 0 ? "+" : "−"}${count(Math.abs(n))}` : "0");

  /* One decimal of what is not below 0; a half goes up, by the decimal digits, not by the binary number behind them. */
  function decimal(x) {
    const [whole, part] = x.toFixed(10).split(".");
    return ((10 * Number(whole) + Number(part[0]) + (part[1] >= "5")) / 10).toFixed(1);
  }

  /* '19.8%'; a share that is neither 0 nor 1 is never shown as if it were. */
  function percent(share) {
    const text = decimal(100 * share);
    if (share && text === "0.0") return "<0.1%";
    return share < 1 && text === "100.0" ? ">99.9%" : `${text}%`;
  }

  /* '+1.2' or '−5.4' percentage points. */
  function points(change) {
    const text = decimal(100 * Math.abs(change));
    return text === "0.0" ? text : `${change > 0 ? "+" : "−"}${text}`;
  }

  /* Whether a change is not the difference of the two shares as they are shown. */
  function apart(before, after) {
    const [old, now, by] = [before, after, Math.abs(after - before)].map((share) => Math.round(10 * decimal(100 * share)));
    return Math.abs(now - old) !== by;
  }

  /* Wilson's score interval of a share. */
  function wilson(hits, cases) {
    const share = hits / cases, weight = (Z * Z) / cases, middle = (share + weight / 2) / (1 + weight);
    const half = Math.sqrt(weight * share * (1 - share) + (weight * weight) / 4) / (1 + weight);
    return [hits ? Math.max(0, middle - half) : 0, hits < cases ? Math.min(1, middle + half) : 1];
  }

  const verb = (before, after) => (after > before ? "rise" : "fall");

  /* What the moved levers do, in one sentence. */
  function finding(answer, cases) {
    const [met, now] = [answer.before[0] / cases, answer.after[0] / cases];
    const [refused, then] = [answer.before[1] / cases, answer.after[1] / cases];
    const refusals = percent(refused) === percent(then) ? `, recommended refusals stay at ${percent(then)}`
      : `, recommended refusals ${verb(refused, then)} from ${percent(refused)} to ${percent(then)}`;
    if (percent(met) === percent(now)) {
      return `Approvals stay at ${percent(met)} of all cases, but ${count(answer.moved)} of ${count(cases)} cases `
        + `change their outcome${refusals}.`;
    }
    return `Approvals ${verb(met, now)} from ${percent(met)} to ${percent(now)} of all cases${refusals}.`;
  }

  /* 'Minimum conservative care: 6 weeks → 8 weeks (stricter)'. */
  function change({ label, shown, strictness }, from, to) {
    const way = strictness.length ? ` (${strictness[to] > strictness[from] ? "stricter" : "looser"})` : "";
    return `${label}: ${shown[from]} → ${shown[to]}${way}`;
  }

  /* An element with attributes and children; text stays text, a null child is left out, `on` has what it listens to. */
  function element(tag, { on = {}, ...attributes } = {}, ...children) {
    const found = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) found.setAttribute(name, "");
      else if (value !== false && value !== null) found.setAttribute(name, value);
    }
    for (const [name, act] of Object.entries(on)) found.addEventListener(name, act);
    found.append(...children.flat().filter((child) => child !== null));
    return found;
  }

  /* Say something where something else stood; nothing is touched where it says so already. */
  function say(where, text) {
    if (where.textContent !== text) where.textContent = text;
    where.hidden = !text;
  }

  return { apart, change, count, decimal, element, finding, percent, points, say, signed, wilson };
})();

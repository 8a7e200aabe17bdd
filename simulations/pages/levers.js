/* The levers: one hand for each, under headings, with a search; what moves is told to `model`. */

const levers = (() => {
  const { element, say } = words;

  /* What a person moves; `put` shows a value without moving it. */
  class Hand {
    constructor(lever, place, page) {
      Object.assign(this, { lever, place, page, id: `lever-${place}` });
      this.head = element("h4", { id: `${this.id}-label` }, lever.label);
      this.value = element("span", { class: "value" });
      this.mark = element("span", { class: "mark moved", hidden: true });
      this.meaning = element("p", { class: "meaning", id: `${this.id}-meaning` });
      this.idle = element("p", { class: "idle-because", hidden: true });
      this.wrong = element("p", { class: "wrong", role: "alert", hidden: true });
      this.reset = element("button", {
        type: "button", class: "small", "aria-label": `Reset ${lever.label}`, on: { click: () => page.move(place, lever.baseline) },
      }, "Reset");
      const hands = element("div", { class: "hands" }, lever.kind === "choice" ? this.choice() : this.number(), this.reset);
      const head = element("div", { class: "head" }, this.head, this.value, this.mark);
      this.box = element("div", { class: "lever", role: "group", "aria-labelledby": `${this.id}-label`, id: this.id },
        head, this.meaning, hands, this.wrong, this.idle, this.about());
      this.text = [lever.label, lever.says, lever.statements, ...lever.read].join(" ").toLowerCase();
    }

    choice() {
      const { lever, place, page } = this;
      if (new Set([...lever.values, "true", "false"]).size === 2 || new Set([...lever.values, "on", "off"]).size === 2) {
        this.tick = element("input", { type: "checkbox", "aria-labelledby": this.head.id, "aria-describedby": this.meaning.id });
        const places = ["off", "false"].map((word) => lever.values.indexOf(word)).filter((i) => i >= 0);
        this.yes = 1 - places[0];
        this.tick.addEventListener("change", () => page.move(place, this.tick.checked ? this.yes : 1 - this.yes));
        return [element("label", { class: "switch" }, this.tick, element("span", {}, lever.shown[this.yes]))];
      }
      this.list = element("select", { "aria-labelledby": this.head.id, "aria-describedby": this.meaning.id },
        lever.shown.map((text, i) => element("option", { value: i }, text)));
      this.list.addEventListener("change", () => page.move(place, Number(this.list.value)));
      return [this.list];
    }

    /* A slider over the places of the values, beside it the number itself; off is the first place. */
    number() {
      const { lever, place, page } = this, first = lever.kind === "off" ? 1 : 0, last = lever.values.length - 1;
      this.slider = element("input", { type: "range", min: first, max: last, step: 1, "aria-labelledby": this.head.id });
      this.slider.addEventListener("input", () => page.move(place, Number(this.slider.value)));
      this.box_ = element("input", {
        type: "text", inputmode: "decimal", autocomplete: "off", size: 5, "aria-label": `${lever.label}, ${lever.unit}`,
      });
      this.box_.addEventListener("change", () => this.typed());
      const hands = [this.slider, this.box_, element("span", { class: "unit" }, lever.unit)];
      if (!first) return hands;
      this.tick = element("input", { type: "checkbox", "aria-label": `${lever.label}: in force` });
      this.tick.addEventListener("change", () => page.move(place, this.tick.checked ? this.on : 0));
      return [this.tick, ...hands];
    }

    /* A number from the keyboard: a legal one moves the lever, any other is refused and the old one put back. */
    typed() {
      const { lever } = this, text = this.box_.value.trim(), place = placeOf(lever, text);
      if (place >= 0) this.page.move(this.place, place);
      this.put(this.page.model.values[this.place]);
      say(this.wrong, place >= 0 ? "" : `“${text.slice(0, 20)}” is not allowed: ${lever.allowed}. Kept as it was.`);
    }

    put(at) {
      const { lever } = this, moved = at !== lever.baseline, off = lever.kind === "off" && at === 0;
      say(this.value, lever.shown[at]);
      say(this.mark, moved ? `moved, was ${lever.shown[lever.baseline]}` : "");
      say(this.meaning, lever.means[at] || "");
      say(this.wrong, "");
      this.reset.disabled = !moved;
      if (this.list) this.list.value = at;
      if (this.tick) this.tick.checked = this.slider ? !off : at === this.yes;
      if (!this.slider) return;
      if (!off) this.on = at;
      else this.on = this.on || lever.on;
      this.slider.value = this.on;
      this.slider.disabled = this.box_.disabled = off;
      this.slider.setAttribute("aria-valuetext", lever.shown[this.on]);
      this.box_.value = lever.values[this.on];
    }

    reaches(why) {
      this.box.classList.toggle("idle", Boolean(why));
      say(this.idle, why ? `Changes nothing here: ${why}.` : "");
    }

    about() {
      const { lever } = this, default_ = `Baseline: ${lever.shown[lever.baseline]}`;
      const legal = lever.kind === "choice" ? `${lever.values.length} choices` : lever.allowed.replace("allowed ", "");
      const choices = lever.means.map((text, i) => element("li", {}, `${lever.shown[i]}: ${text}`));
      return element("details", {},
        element("summary", {}, [default_, legal, lever.statements].filter(Boolean).join(" · ")),
        element("p", {}, lever.says),
        choices.length ? element("ul", {}, choices) : null,
        lever.origin ? element("p", {}, `Stands on: ${lever.origin}.`) : null,
        lever.source.map((text) => element("p", { class: "source" }, text)),
        element("p", {}, `Read by: ${lever.read.join("; ") || "no pathway"}.`));
    }
  }

  /* The place of a value as a person writes it, -1 where it is none: 7, 7.0 and 07 are the same number. */
  function placeOf({ values, kind }, text) {
    const exact = values.indexOf(text.toLowerCase());
    if (exact >= 0 || kind === "choice") return exact;
    return /^\d+([.,]\d+)?$/.test(text) ? values.findIndex((value) => value !== "off" && Number(value) === Number(text.replace(",", "."))) : -1;
  }

  /* A heading that opens and closes, with how many of its levers are moved. */
  function chapter([title, places], number, hands) {
    const inside = element("div", { id: `chapter-${number}`, class: "inside" }, places.map((place) => hands[place].box));
    const told = element("span", { class: "told" });
    const button = element("button", {
      type: "button", class: "opens", "aria-expanded": "true", "aria-controls": inside.id,
      on: { click: () => open(button.getAttribute("aria-expanded") !== "true") },
    }, element("span", {}, title), told);
    const open = (yes) => {
      button.setAttribute("aria-expanded", String(yes));
      inside.hidden = !yes;
    };
    return { box: element("div", { class: "chapter" }, element("h3", {}, button), inside), places, open, told };
  }

  class Levers {
    constructor(page, box) {
      this.page = page;
      const { said } = page.model;
      this.hands = said.levers.map((lever, place) => new Hand(lever, place, page));
      this.chapters = said.chapters.map((one, number) => chapter(one, number, this.hands));
      this.chapters.forEach((one, number) => one.open(number === 0));
      this.search = element("input", { type: "search", id: "search", placeholder: "weeks, relief, imaging …", on: { input: () => this.find() } });
      this.found = element("p", { class: "faint", role: "status", hidden: true });
      const act = (text, does) => element("button", { type: "button", on: { click: does } }, text);
      this.undo = act("Undo", () => page.step(-1));
      this.redo = act("Redo", () => page.step(1));
      this.reset = act("Reset all", () => page.restore(page.model.baseline));
      this.again = said.scenario ? act("To the scenario", () => page.restore(page.model.start)) : null;
      box.append(
        element("div", { class: "tools" },
          element("h2", {}, "Levers"),
          element("div", { class: "acts" }, this.undo, this.redo, this.reset, this.again),
          element("label", { for: "search" }, "Find a lever"), this.search, this.found),
        ...this.chapters.map((one) => one.box));
    }

    /* Only the levers that have all the words. */
    find() {
      const wanted = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const hand of this.hands) {
        hand.box.hidden = !wanted.every((word) => hand.text.includes(word));
        found += hand.box.hidden ? 0 : 1;
      }
      this.chapters.forEach((one, number) => {
        const some = one.places.some((place) => !this.hands[place].box.hidden);
        one.box.hidden = !some;
        one.open(some && (wanted.length > 0 || number === 0));
      });
      say(this.found, wanted.length ? `${found} of ${this.hands.length} levers` : "");
    }

    show() {
      const { model } = this.page, focus = document.activeElement;
      this.hands.forEach((hand, place) => {
        if (hand.at !== model.values[place]) hand.put(hand.at = model.values[place]);
      });
      for (const { told, places } of this.chapters) {
        const moved = places.filter((place) => model.moved(place)).length;
        told.textContent = `${places.length} lever${places.length > 1 ? "s" : ""}${moved ? `, ${moved} moved` : ""}`;
      }
      this.undo.disabled = model.at === 0;
      this.redo.disabled = model.at === model.history.length - 1;
      this.reset.disabled = !model.levers.some((_, place) => model.moved(place));
      if (this.again) this.again.disabled = String(model.values) === String(model.start);
      if (focus && focus.disabled && focus.closest(".hands")) focus.parentElement.querySelector("input:enabled,select").focus();
      else if (focus && focus.disabled) this.search.focus();
    }
  }

  return { Levers, placeOf };
})();

/* The answer beside the levers, and the page as a whole: its address, its start, its check of itself. */

const page = (() => {
  const { apart, change, count, element, finding, percent, points, say, signed, wilson } = words;
  const { Cell, Grid, framed, header, rowHeader } = tables;
  const REST = 350; // milliseconds without a move before levers that change nothing are looked for
  const TRY = 6; // milliseconds of that look before a hand is heard again
  const $ = (id) => document.getElementById(id);

  // The answer ----------------------------------------------------------------------------------------------------------

  class Answer {
    constructor(page_, box) {
      this.page = page_;
      const { said } = page_.model;
      this.finding = element("p", { class: "finding", role: "status", "aria-live": "polite" });
      this.tiles = ["Baseline", "Now", "Change"].map((name) => {
        const [value, note] = [element("b"), element("span", { class: "faint" })];
        return { value, note, box: element("div", {}, element("dt", {}, name), element("dd", {}, value, " ", note)) };
      });
      this.changes = element("ul", { class: "changes" });
      this.none = element("p", { class: "faint" }, "No lever is moved: this is the policy as it stands.");
      this.edits = said.edits.map((text) => element("li", {}, `${text} (by the scenario)`));
      this.outcomes = said.outcomes.map((outcome) => this.outcome(outcome));
      this.flow = new Grid("Cases by outcome under the baseline (rows) and now (columns); bold: cases that change", "flow");
      this.by = element("select", { id: "by", on: { change: () => this.showGroups() } },
        element("option", { value: "requests" }, "Diagnosis and procedure"), element("option", { value: "pathways" }, "Pathway"),
        said.subgroups.map(([label], i) => element("option", { value: i }, label)));
      this.groups = new Grid("Cases by outcome now, and the change from the baseline (◆)", "groups");
      const bars = framed("Cases by outcome", "bars", element("thead", {}, header(["Outcome", "", "Baseline", "Now", "Change"])),
        element("tbody", {}, this.outcomes.map((one) => one.row)));
      box.append(
        element("section", { class: "card sticky", "aria-label": "Approval rate" }, this.finding,
          element("dl", { class: "tiles" }, this.tiles.map((tile) => tile.box))),
        element("div", { class: "two" },
          element("section", {}, element("h2", {}, "Outcomes"), bars,
            element("p", { class: "key faint" }, element("i", { class: "bar before" }), " baseline ", element("i", { class: "bar now" }), " now")),
          element("section", {}, element("h2", {}, "What is moved"), this.none, this.changes)),
        element("section", {}, element("h2", {}, "From the baseline to now"), this.flow.box),
        element("section", {}, element("h2", {}, "Groups"),
          element("p", {}, element("label", { for: "by" }, "Groups by "), this.by), this.groups.box));
    }

    outcome({ label, means }) {
      const [before, now] = ["before", "now"].map((kind) => element("i", { class: `bar ${kind}` }));
      const cells = [new Cell(), new Cell(), new Cell()], picture = element("td", { class: "picture", "aria-hidden": "true" }, before, now);
      return { before, now, cells, row: element("tr", {}, rowHeader(label, { title: means }), picture, cells.map((cell) => cell.box)) };
    }

    show(answer) {
      const { model } = this.page, moved = model.levers.some((_, place) => model.moved(place)) || this.edits.length > 0;
      const nothing = moved ? "Nothing changes: no case has another outcome." : "No lever is moved: this is the policy as it stands.";
      say(this.finding, answer.moved ? finding(answer, model.size) : nothing);
      [answer.before, answer.after].forEach(([met], i) => {
        const [low, high] = wilson(met, model.size);
        this.tiles[i].value.textContent = percent(met / model.size);
        this.tiles[i].note.textContent = `met · 95%: ${percent(low)} to ${percent(high)}`;
      });
      this.tiles[2].value.textContent = points((answer.after[0] - answer.before[0]) / model.size);
      const exact = apart(answer.before[0] / model.size, answer.after[0] / model.size) ? ", from exact counts" : "";
      this.tiles[2].note.textContent = `points${exact} · ${count(answer.moved)} cases change`;
      this.showOutcomes(answer);
      this.showChanges();
      this.showFlow(answer);
      this.last = answer;
      this.showGroups();
    }

    showOutcomes({ before, after }) {
      const longest = Math.max(...before, ...after), { size } = this.page.model;
      this.outcomes.forEach(({ before: was, now, cells }, i) => {
        was.style.width = `${(100 * before[i]) / longest}%`;
        now.style.width = `${(100 * after[i]) / longest}%`;
        const texts = [before[i], after[i]].map((n) => `${count(n)} · ${percent(n / size)}`);
        texts.forEach((text, at) => cells[at].put([text]));
        cells[2].put([signed(after[i] - before[i]), before[i] === after[i] ? "" : "changed"]);
      });
    }

    showChanges() {
      const { model } = this.page, moved = model.levers.map((lever, place) => [lever, place]).filter(([, place]) => model.moved(place));
      this.none.hidden = moved.length + this.edits.length > 0;
      const focused = this.changes.contains(document.activeElement);
      this.changes.replaceChildren(...this.edits, ...moved.map(([lever, place]) => element("li", {},
        change(lever, lever.baseline, model.values[place]), " ",
        element("button", {
          type: "button", class: "small", "aria-label": `Revert ${lever.label}`, on: { click: () => this.page.move(place, lever.baseline) },
        }, "Revert"))));
      if (focused) (this.changes.querySelector("button") || this.page.levers.search).focus();
    }

    showFlow({ flow, before, after }) {
      const { outcomes } = this.page.model.said, used = this.used(before, after), label = (i) => outcomes[i].label;
      const rows = used.map((from) => ({
        name: label(from),
        cells: [...used.map((to) => {
          const kind = from === to ? "same" : flow[from][to] ? "changed" : "zero";
          return [flow[from][to] ? count(flow[from][to]) : "·", kind];
        }), [count(before[from])]],
      }));
      const total = { name: "Now", kind: "total", cells: [...used.map((i) => [count(after[i])]), [count(this.page.model.size)]] };
      this.flow.put(["Baseline ↓ now →", ...used.map(label), "Baseline"], [...rows, total]);
    }

    used(before, after) { return before.map((_, i) => i).filter((i) => before[i] || after[i]); }

    showGroups() {
      const { said } = this.page.model, column = this.by.value, used = this.used(this.last.before, this.last.after);
      const names = ["Group", "Cases", "Approval rate (95%)", ...used.map((i) => said.outcomes[i].label)];
      const found = column === "pathways" ? this.page.model.pathways() : column === "requests" ? null : this.page.model.subgroup(Number(column));
      const rows = found ? found.map((one) => this.group(one.name, one, used)) : this.requests(used);
      this.groups.put(names, rows);
    }

    requests(used) {
      const { said } = this.page.model;
      return said.groups.flatMap(([diagnosis, procedure], i) => {
        const row = this.group(procedure, this.last.groups[i], used);
        return i === 0 || said.groups[i - 1][0] !== diagnosis ? [{ name: diagnosis }, row] : [row];
      });
    }

    group(name, { before, after }, used) {
      const cases = model.sum(before), [low, high] = wilson(after[0], cases);
      const differs = before.some((n, i) => n !== after[i]), moved = before[0] !== after[0];
      const rate = `${moved ? `${percent(before[0] / cases)} → ` : ""}${percent(after[0] / cases)}`;
      const cells = used.map((i) => {
        const by = after[i] - before[i];
        return [by || after[i] ? count(after[i]) : "·", by ? "changed" : "", by ? signed(by) : ""];
      });
      return {
        name: `${differs ? "◆ " : ""}${name}`, kind: differs ? "differs" : "",
        cells: [[count(cases)], [rate, moved ? "rate changed" : "rate", `${percent(low)} to ${percent(high)}`], ...cells],
      };
    }
  }

  // The page ------------------------------------------------------------------------------------------------------------

  class Page {
    constructor(said, bytes) {
      this.model = new model.Model(said, bytes);
      this.levers = new levers.Levers(this, $("levers"));
      this.answer = new Answer(this, $("answer"));
      say($("over"), `${said.over}${said.scenario ? `; it begins with the scenario “${said.scenario}”` : ""}. Move a lever: the answer follows.`);
      about($("about"), said);
      this.agrees = String(this.model.answer(this.model.start).flow) === String(said.flow);
      window.addEventListener("hashchange", () => this.follow());
    }

    /* Levers from the address: those that are not named stand as the page opened. */
    follow() {
      if (location.hash === this.address() || $(location.hash.slice(1))) return; // as it stands, or a part of the page
      const values = this.model.start.slice(), wrong = [];
      for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
        const place = said.levers.findIndex((lever) => lever.name === name);
        const value = place < 0 ? -1 : levers.placeOf(said.levers[place], text);
        if (value >= 0) values[place] = value;
        else wrong.push(place < 0 ? `no lever is called “${name.slice(0, 60)}”`
          : `“${text.slice(0, 30)}” is no value of “${said.levers[place].label}” (${said.levers[place].allowed})`);
      }
      this.model.go(values);
      this.show();
      this.complain(wrong.length ? `The address asks for what cannot be: ${wrong.join("; ")}. This was left out.` : "");
    }

    address() {
      const { start, values } = this.model, moved = said.levers.map((_, i) => i).filter((i) => values[i] !== start[i]);
      return moved.length ? `#${moved.map((i) => `${said.levers[i].name}=${said.levers[i].values[values[i]]}`).join("&")}` : "";
    }

    complain(text) {
      const broken = this.agrees ? "" : "This page does not count as the program did that made it: do not use its numbers. Is the browser very old?";
      say($("alert"), [broken, text].filter(Boolean).join(" "));
    }

    move(place, value) {
      if (this.model.move(place, value, performance.now())) this.changed();
    }

    step(by) { if (this.model.step(by)) this.changed(); }

    restore(values) { if (this.model.go(values.slice())) this.changed(); }

    /* A hand is heard at once; the rest is drawn once a frame, however many moves there were. */
    changed() {
      this.complain("");
      if (this.waiting) return;
      this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        this.show();
      });
    }

    show() {
      this.levers.show();
      this.answer.show(this.model.answer());
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.rest(), REST);
    }

    /* Once the hand rests: the address, the command of a report, and which levers change nothing, in small steps. */
    rest() {
      try {
        history.replaceState(null, "", this.address() || "#");
      } catch { /* a browser that does not let a file do so; the levers move all the same */ }
      say($("report"), report(this.model));
      const looking = this.look();
      const go = () => {
        const end = performance.now() + TRY;
        while (performance.now() < end) if (looking.next().done) return;
        this.resting = setTimeout(go, 0);
      };
      go();
    }

    * look() {
      for (const place of this.model.levers.keys()) {
        let reaches = false;
        for (const differs of this.model.tries(place)) {
          yield;
          if (differs) {
            reaches = true;
            break;
          }
        }
        this.levers.hands[place].reaches(reaches ? "" : this.model.why(place));
        yield;
      }
    }
  }

  const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`);

  /* The report of the levers as they stand, as a command: what the page was made with, then every lever that differs. */
  function report({ said, start, values }) {
    const moved = said.levers.map((lever, i) => [lever, i]).filter(([, i]) => values[i] !== start[i]);
    const kept = said.report.filter((word, i) => word !== "--set" && said.report[i - 1] !== "--set");
    const again = moved.map(([lever]) => lever.name), set = said.report.filter((word, i) => said.report[i - 1] === "--set");
    const sets = [...set.filter((one) => !again.includes(one.split("=")[0])), ...moved.map(([l, i]) => `${l.name}=${l.values[values[i]]}`)];
    return [...kept, ...sets.flatMap((one) => ["--set", one]), "--out", "out"].map(quoted).join(" ");
  }

  function about(box, said) {
    const rows = said.stamp.map(([name, text]) => element("tr", {}, rowHeader(name), element("td", {}, text)));
    box.append(
      element("h2", {}, "About these numbers"),
      element("ul", {}, said.notices.map((text) => element("li", {}, text))),
      element("h3", {}, "What to repeat to get them again"),
      element("table", { class: "stamp" }, element("tbody", {}, rows)),
      element("p", {}, "This page, in a terminal:"), element("pre", { tabindex: "0" }, said.command.map(quoted).join(" ")),
      element("p", {}, "The report of the levers as they stand:"), element("pre", { id: "report", tabindex: "0" }),
      element("p", {}, "The address of this page holds the levers that differ from where it opened: whoever has the file can follow it."));
  }

  /* A link to a part of the page: the address stays that of the levers. */
  function jump(event) {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    event.preventDefault();
    const part = $(link.getAttribute("href").slice(1));
    part.scrollIntoView();
    part.focus({ preventScroll: true });
  }

  document.addEventListener("click", jump);
  const said = JSON.parse($("content").textContent);
  const text = atob($("cases").textContent), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const found = new Page(said, bytes);
  $("columns").hidden = false;
  found.show();
  found.complain("");
  found.follow();
  return found;
})();

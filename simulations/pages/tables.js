/* Tables of text that are changed cell by cell, so that a moved lever costs no more than what it changes. */

const tables = (() => {
  const { element } = words;

  /* A table that scrolls by itself where it is too wide; `kind` is its class. */
  function framed(caption, kind, head, body) {
    const inside = element("table", { class: kind }, element("caption", {}, caption), head, body);
    return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, inside);
  }

  /* The names of the columns; one without a name holds pictures. */
  function header(names) {
    const cells = names.map((name, i) => (name ? element("th", { scope: "col", class: i ? "n" : null }, name) : element("td")));
    return element("tr", {}, cells);
  }

  const rowHeader = (name, attributes = {}) => element("th", { scope: "row", ...attributes }, name);

  /* A cell with a number, and perhaps another below it. */
  class Cell {
    constructor() {
      this.below = element("small", { hidden: true });
      this.text = document.createTextNode("");
      this.box = element("td", { class: "n" }, this.text, this.below);
    }

    put([text, kind = "", below = ""]) {
      const key = [text, kind, below].join("|");
      if (key === this.key) return;
      this.key = key;
      this.text.nodeValue = text;
      this.box.className = `n ${kind}`;
      this.below.textContent = below;
      this.below.hidden = !below;
    }
  }

  /* Rows {name, cells: [[text, kind, below] ...], kind}; one without cells is a heading over those that follow. */
  class Grid {
    constructor(caption, kind) {
      [this.head, this.body] = [element("thead"), element("tbody")];
      this.box = framed(caption, kind, this.head, this.body);
    }

    put(names, rows) {
      const shape = [names, rows.map((row) => (row.cells ? 1 : row.name))].join("|");
      if (shape !== this.shape) this.build(names, rows);
      this.shape = shape;
      rows.forEach(({ name, cells, kind = "" }, i) => {
        const held = this.rows[i];
        if (!cells) return;
        words.say(held.name, name);
        if (held.box.className !== kind) held.box.className = kind;
        cells.forEach((cell, at) => held.cells[at].put(cell));
      });
    }

    build(names, rows) {
      this.head.replaceChildren(header(names));
      this.rows = rows.map(({ name, cells }) => {
        const head = cells ? rowHeader("") : element("th", { scope: "rowgroup", colspan: names.length }, name);
        const held = (cells || []).map(() => new Cell());
        return { name: head, cells: held, box: element("tr", { class: cells ? null : "over" }, head, held.map((cell) => cell.box)) };
      });
      this.body.replaceChildren(...this.rows.map((row) => row.box));
    }
  }

  return { Cell, Grid, framed, header, rowHeader };
})();

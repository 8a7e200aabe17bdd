/* The levers as they stand, the way they came there, and what they do to the cases of the page. */

const model = (() => {
  const WORDS = evaluation.OUTCOMES, KINDS = { Int8Array, Int16Array, Int32Array };
  const GESTURE = 1000; // milliseconds within which moves of one lever are one step to undo
  const SAY_ALL = 4; // values of a lever that are named one by one

  const zeros = () => Array(WORDS).fill(0);
  const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);

  /* Rows of numbers one after the other, each at a multiple of four bytes. */
  function reader(buffer) {
    let at = 0;
    return (kind, size) => {
      const found = new KINDS[kind](buffer, at, size);
      at += (found.byteLength + 3) & ~3;
      return found;
    };
  }

  class Block {
    constructor(said, held, take, levers) {
      const columns = [];
      held.fields.forEach((field, i) => { columns[field] = take(held.kinds[i], held.rows); });
      const codes = held.codes ? take(held.codes, held.rows) : null;
      this.subgroups = said.subgroups.map(() => take("Int8Array", held.rows));
      const { program } = said, rows = new evaluation.Rows(held.rows, columns, codes, program.spans);
      Object.assign(this, { size: held.rows, parts: held.parts, pathway: held.pathway, root: program.roots[held.pathway] });
      this.read = [...new Set([...levers[this.root], ...levers[program.closing]])];
      [this.now, this.trial] = [0, 1].map(() => new evaluation.Evaluation(program, levers, rows, this.root));
    }

    /* Of each part the number of cases by outcome. */
    counts(values) {
      const key = this.read.map((lever) => values[lever]).join();
      if (key !== this.key) {
        const planes = this.now.outcomes(values);
        let start = 0;
        this.counted = this.parts.map(([, , size]) => {
          start += size;
          return planes.map((plane) => evaluation.count(plane, start - size, start));
        });
        [this.key, this.planes] = [key, planes];
      }
      return this.counted;
    }

    differs(values) {
      const there = this.trial.outcomes(values);
      return there.some((plane, i) => evaluation.differ(plane, this.planes[i], this.size));
    }
  }

  class Model {
    constructor(said, bytes) {
      this.said = said;
      this.levers = said.levers;
      this.reads = evaluation.leversRead(said.program.nodes);
      const take = reader(bytes.buffer);
      this.blocks = said.blocks.map((held) => new Block(said, held, take, this.reads));
      this.baseline = said.levers.map((lever) => lever.baseline);
      this.start = said.levers.map((lever) => lever.start);
      this.size = sum(said.blocks.map((block) => block.rows));
      [this.history, this.at, this.last] = [[this.start], 0, { lever: -1, time: 0 }];
    }

    get values() { return this.history[this.at]; }

    moved(lever) { return this.values[lever] !== this.baseline[lever]; }

    // Moving ----------------------------------------------------------------------------------------------------------

    /* Set a lever to one of its values; moves of one lever in quick succession are one step. */
    move(lever, place, time = Infinity) {
      if (this.values[lever] === place) return false;
      const joined = this.last.lever === lever && time - this.last.time < GESTURE && this.at === this.history.length - 1;
      const values = this.values.slice();
      values[lever] = place;
      this.go(values, joined && this.at > 0);
      this.last = { lever, time };
      return true;
    }

    go(values, replace = false) {
      this.last = { lever: -1, time: 0 };
      if (String(values) === String(this.values)) return false;
      const kept = this.history.slice(0, this.at + (replace ? 0 : 1));
      if (String(kept[kept.length - 1]) !== String(values)) kept.push(values);
      [this.history, this.at] = [kept, kept.length - 1];
      return true;
    }

    step(by) {
      const to = this.at + by;
      if (to < 0 || to >= this.history.length) return false;
      [this.at, this.last] = [to, { lever: -1, time: 0 }];
      return true;
    }

    // Answering -------------------------------------------------------------------------------------------------------

    /* Cases by outcome, from the baseline to now, in all (`flow`) and of each group (`before`, `after`). */
    answer(values = this.values) {
      const flow = Array.from({ length: WORDS }, zeros);
      const groups = this.said.groups.map(() => ({ before: zeros(), after: zeros() }));
      for (const block of this.blocks) {
        const counts = block.counts(values);
        block.parts.forEach(([group, before, size], part) => {
          groups[group].before[before] += size;
          counts[part].forEach((n, after) => {
            flow[before][after] += n;
            groups[group].after[after] += n;
          });
        });
      }
      const before = flow.map(sum), after = zeros().map((_, i) => sum(flow.map((row) => row[i])));
      return { flow, groups, before, after, moved: this.size - sum(flow.map((row, i) => row[i])) };
    }

    /* The same for each pathway that has cases, in order, of the values last answered for. */
    pathways() {
      return this.blocks.map(({ pathway, parts, counted }) => {
        const found = { name: this.said.pathways[pathway], before: zeros(), after: zeros() };
        parts.forEach(([, before, size], part) => {
          found.before[before] += size;
          counted[part].forEach((n, after) => { found.after[after] += n; });
        });
        return found;
      });
    }

    /* The same for the words of a subgroup column, of the values last answered for. */
    subgroup(column) {
      const found = this.said.subgroups[column][1].map((name) => ({ name, before: zeros(), after: zeros() }));
      for (const block of this.blocks) {
        const words = block.subgroups[column];
        let row = 0;
        for (const [, before, size] of block.parts) {
          for (const end = row + size; row < end; row++) found[words[row]].before[before] += 1;
        }
        block.planes.forEach((plane, i) => evaluation.eachRow(plane, block.size, (at) => { found[words[at]].after[i] += 1; }));
      }
      return found;
    }

    // Reach -----------------------------------------------------------------------------------------------------------

    /* For each other value of a lever, the ends first, whether any case has another outcome with it. */
    * tries(lever) {
      const many = this.levers[lever].values.length, blocks = this.blocks.filter((one) => one.read.includes(lever));
      for (const place of [many - 1, ...Array(many - 1).keys()]) {
        if (place === this.values[lever]) continue;
        const values = this.values.slice();
        values[lever] = place;
        for (const block of blocks) yield block.differs(values);
      }
    }

    /* Why no value of a lever, moved alone from here, changes an outcome. */
    why(lever) {
      const { read, pathways } = this.levers[lever];
      const blocks = this.blocks.filter((block) => pathways.includes(block.pathway));
      if (!blocks.length) return `none of these cases asks for what reads it (${list(read.map(lowered))})`;
      const ways = blocks.map((block) => this.ways(block.root, lever));
      if (ways.some((way) => way.reached)) {
        const cases = sum(blocks.map((block) => block.size));
        return `something else decides each of the ${words.count(cases)} cases that could read it`;
      }
      const wanted = new Map();
      for (const { other, places } of ways.flatMap((way) => way.turned)) {
        wanted.set(other, new Set([...(wanted.get(other) || []), ...places]));
      }
      return `it counts only while ${list([...wanted].map(([other, places]) => this.held(other, places)), "or")}`;
    }

    /* Whether what decides now comes to a lever, and the other levers that turn away from it. */
    ways(root, lever) {
      const { nodes } = this.said.program, turned = [], seen = new Set(), ahead = [root];
      let reached = false;
      while (ahead.length) {
        const place = ahead.pop(), node = nodes[place];
        if (seen.has(place) || !this.reads[place].includes(lever)) continue;
        seen.add(place);
        if (node[0] !== "pick") {
          ahead.push(...evaluation.partsOf(node));
          continue;
        }
        const [, other, parts] = node, leads = (part) => this.reads[part].includes(lever);
        reached = reached || other === lever;
        ahead.push(parts[this.values[other]]);
        if (other !== lever && !leads(parts[this.values[other]])) {
          turned.push({ other, places: [...parts.keys()].filter((i) => leads(parts[i])) });
        }
      }
      return { reached, turned };
    }

    held(lever, places) {
      const { label, shown, kind } = this.levers[lever], now = shown[this.values[lever]];
      const on = kind === "off" && places.size === shown.length - 1 && !places.has(0);
      const few = places.size <= SAY_ALL ? `is ${list([...places].map((i) => shown[i]), "or")}` : "has another value";
      return `“${label}” ${on ? "is on" : few} (now ${now})`;
    }
  }

  const lowered = (text) => (/^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text);

  function list(words, last = "and") {
    const some = words.length > SAY_ALL ? [...words.slice(0, SAY_ALL - 1), `${words.length - SAY_ALL + 1} more`] : words;
    return some.length > 1 ? `${some.slice(0, -1).join(", ")} ${last} ${some[some.length - 1]}` : some.join("");
  }

  return { Model, list, sum };
})();

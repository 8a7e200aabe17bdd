"use strict";
/* What the program of a policy (compiler.py) says of many cases at any setting of its levers, 32 cases to a word.

   As in policy/evaluation: a plane has a bit for each case, `null` where it has none anywhere and `true` where it has
   all; a truth is two planes, where something is met and where it is possible (met or not documented). Outcomes are
   numbered as in the policy's list, OPEN is one more: information is missing. A missing fact is negative. */

const evaluation = (() => {
  const NOWHERE = null, EVERYWHERE = true;
  const NOT_MET = 1, OUTCOMES = 6, OPEN = 6;

  // Planes ------------------------------------------------------------------------------------------------------------

  function both(one, other) {
    if (one === NOWHERE || other === EVERYWHERE || one === other) return one;
    if (other === NOWHERE || one === EVERYWHERE) return other;
    const found = new Uint32Array(one.length);
    for (let i = 0; i < found.length; i++) found[i] = one[i] & other[i];
    return found;
  }

  function either(one, other) {
    if (one === EVERYWHERE || other === NOWHERE || one === other) return one;
    if (other === EVERYWHERE || one === NOWHERE) return other;
    const found = new Uint32Array(one.length);
    for (let i = 0; i < found.length; i++) found[i] = one[i] | other[i];
    return found;
  }

  function inverse(plane) {
    if (plane === NOWHERE) return EVERYWHERE;
    if (plane === EVERYWHERE) return NOWHERE;
    const found = new Uint32Array(plane.length);
    for (let i = 0; i < found.length; i++) found[i] = ~plane[i];
    return found;
  }

  function planeWhere(size, holds) {
    const found = new Uint32Array((size + 31) >>> 5);
    let any = 0;
    for (let word = 0, row = 0; word < found.length; word++) {
      const end = Math.min(row + 32, size);
      let bits = 0;
      for (let bit = 0; row < end; bit++, row++) if (holds(row)) bits |= 1 << bit;
      found[word] = bits;
      any |= bits;
    }
    return any ? found : NOWHERE;
  }

  function bitsOf(word) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }

  /* How many rows from `start` to before `end` have the bit. */
  function count(plane, start, end) {
    if (plane === NOWHERE || start >= end) return 0;
    if (plane === EVERYWHERE) return end - start;
    const first = start >>> 5, last = (end - 1) >>> 5;
    const head = (-1 << (start & 31)) >>> 0, tail = 0xffffffff >>> (31 - ((end - 1) & 31));
    if (first === last) return bitsOf(plane[first] & head & tail);
    let found = bitsOf(plane[first] & head) + bitsOf(plane[last] & tail);
    for (let i = first + 1; i < last; i++) found += bitsOf(plane[i]);
    return found;
  }

  /* Whether two planes differ in any of some rows. */
  function differ(one, other, size) {
    if (one === other) return false;
    const apart = either(both(one, inverse(other)), both(other, inverse(one)));
    return count(apart, 0, size) > 0;
  }

  /* Do something with each row that has the bit. */
  function eachRow(plane, size, act) {
    if (plane === NOWHERE) return;
    for (let row = 0; row < size; row++) if (plane === EVERYWHERE || (plane[row >>> 5] >>> (row & 31)) & 1) act(row);
  }

  // Truths ------------------------------------------------------------------------------------------------------------

  const truth = (met, possible) => ({ met, possible });
  const SETTLED = [truth(NOWHERE, NOWHERE), truth(NOWHERE, EVERYWHERE), truth(EVERYWHERE, EVERYWHERE)];
  const none = (one) => truth(inverse(one.possible), inverse(one.met));

  /* Where the planes that have a bit are worth `wanted` points together. */
  function worth(wanted, planes, points) {
    const counts = [EVERYWHERE, ...Array(wanted).fill(NOWHERE)]; // at n: where those so far are worth n or more
    planes.forEach((plane, i) => {
      for (let n = wanted; n > 0; n--) {
        counts[n] = either(counts[n], both(counts[Math.max(n - points[i], 0)], plane));
      }
    });
    return counts[wanted];
  }

  /* Where a number that is at least `low` and at most `high` reaches a line: for sure, and perhaps. */
  function reached(low, high, least) {
    const met = new Uint32Array((low.length + 31) >>> 5), possible = new Uint32Array(met.length);
    for (let word = 0, row = 0; word < met.length; word++) {
      const end = Math.min(row + 32, low.length);
      let sure = 0, perhaps = 0;
      for (let bit = 1; row < end; bit <<= 1, row++) {
        if (low[row] >= least) sure |= bit;
        if (high[row] >= least) perhaps |= bit;
      }
      met[word] = sure;
      possible[word] = perhaps;
    }
    return truth(met, possible);
  }

  // Rows of one pathway -----------------------------------------------------------------------------------------------

  const KEPT = 400; // truths of single facts, each for another threshold

  /* `columns`: by the place of a field, the stored value of each row; `codes`: the place of its diagnosis code. */
  class Rows {
    constructor(size, columns, codes, spans) {
      Object.assign(this, { size, columns, codes, spans, kept: new Map() });
    }

    keep(key, make) {
      if (!this.kept.has(key)) {
        if (this.kept.size >= KEPT) this.kept.delete(this.kept.keys().next().value);
        this.kept.set(key, make());
      }
      return this.kept.get(key);
    }

    among(field, values) {
      const column = this.columns[field], first = Math.min(...values), wanted = [];
      for (const value of values) wanted[value - first] = true;
      return planeWhere(this.size, (row) => wanted[column[row] - first]);
    }

    coded(codes) {
      return this.keep("codes " + codes, () => planeWhere(this.size, (row) => codes.includes(this.codes[row])));
    }

    line(field, least) { return this.sum([field], [1], least); }

    file(field) {
      const column = this.columns[field], found = planeWhere(this.size, (row) => column[row] >= 0);
      return truth(found, found);
    }

    words(field, met, possible) {
      return truth(this.among(field, met), possible ? this.among(field, possible) : EVERYWHERE);
    }

    sum(fields, signs, least) {
      const ends = this.keep(`sum ${fields} ${signs}`, () => [false, true].map((most) => this.totals(fields, signs, most)));
      return reached(...ends, least);
    }

    /* The least or the greatest that some facts come to: a missing one stands for an end of its range, and one that is
       known to be at least n is stored as -1 - n. */
    totals(fields, signs, most) {
      const found = new Int32Array(this.size);
      fields.forEach((field, i) => {
        const column = this.columns[field], [low, high] = this.spans[field], sign = signs[i];
        const highest = (sign > 0) === most;
        for (let row = 0; row < found.length; row++) {
          const value = column[row];
          found[row] += sign * (value >= 0 ? value : highest ? high : Math.max(low, -1 - value));
        }
      });
      return found;
    }
  }

  // The program -------------------------------------------------------------------------------------------------------

  const PARTS = {
    all: (n) => n[1], any: (n) => n[1], none: (n) => n[1], count: (n) => n[2], pick: (n) => n[2],
    coded: (n) => [n[1]], require: (n) => [n[1], n[2]], step: (n) => [n[1], n[3]], code: (n) => [n[2], n[3]],
    switch: (n) => [...n[2].flatMap((way) => way[1]), ...n[3]],
  };
  const partsOf = (node) => (PARTS[node[0]] || (() => []))(node);

  /* By node the levers that it can hang on. */
  function leversRead(nodes) {
    const found = [];
    for (const node of nodes) { // the parts of a node stand before it
      const own = node[0] === "pick" ? [node[1]] : [];
      found.push([...new Set([...own, ...partsOf(node).flatMap((part) => found[part])])]);
    }
    return found;
  }

  /* One program over the rows of one pathway; what is said of them is kept until a lever moves that it hangs on. */
  class Evaluation {
    constructor(program, levers, rows, root) {
      Object.assign(this, { program, levers, rows, root, values: null, turn: 0, known: [] });
      this.moved = new Int32Array(program.levers.length);
    }

    /* Every outcome as a plane, by its number, once the file is closed; `values`: the place of each lever's value. */
    outcomes(values) {
      this.turn += 1;
      for (let i = 0; i < values.length; i++) {
        if (!this.values || this.values[i] !== values[i]) this.moved[i] = this.turn;
      }
      this.values = Int32Array.from(values);
      const found = [...this.read(this.root)], closing = this.read(this.program.closing).indexOf(EVERYWHERE);
      found[closing] = either(found[closing], found[OPEN]);
      return found.slice(0, OUTCOMES);
    }

    read(place) {
      const known = this.known[place];
      if (known && this.levers[place].every((lever) => this.moved[lever] <= known.turn)) return known.said;
      const [word, ...rest] = this.program.nodes[place];
      const fact = word === "line" || word === "words" || word === "sum" || word === "file";
      if (fact) return this.rows.keep(place, () => this.rows[word](...rest));
      const said = this[word](...rest);
      this.known[place] = { said, turn: this.turn };
      return said;
    }

    always(code) { return SETTLED[code]; }

    pick(lever, parts) { return this.read(parts[this.values[lever]]); }

    all(parts) {
      let { met, possible } = SETTLED[2];
      for (const part of parts) {
        const one = this.read(part);
        met = both(met, one.met);
        possible = both(possible, one.possible);
        if (possible === NOWHERE) break;
      }
      return truth(met, possible);
    }

    any(parts) {
      let { met, possible } = SETTLED[0];
      for (const part of parts) {
        const one = this.read(part);
        met = either(met, one.met);
        possible = either(possible, one.possible);
        if (met === EVERYWHERE) break;
      }
      return truth(met, possible);
    }

    none(parts) { return none(this.any(parts)); }

    count(wanted, parts, points) {
      const found = parts.map((part) => this.read(part));
      return truth(
        worth(wanted, found.map((one) => one.met), points),
        worth(wanted, found.map((one) => one.possible), points),
      );
    }

    /* The truth where the diagnosis is one of some codes, met elsewhere. */
    coded(part, codes) {
      const one = this.read(part), other = inverse(this.rows.coded(codes));
      return truth(either(one.met, other), either(one.possible, other));
    }

    outcome(code) {
      const found = Array(OUTCOMES + 1).fill(NOWHERE);
      found[code] = EVERYWHERE;
      return found;
    }

    within(where, reading) { return reading.map((plane) => both(where, plane)); }

    require(part, next) {
      const worst = this.read(part), found = this.within(worst.met, this.read(next));
      found[OPEN] = either(found[OPEN], both(worst.possible, inverse(worst.met)));
      found[NOT_MET] = either(found[NOT_MET], inverse(worst.possible));
      return found;
    }

    /* The outcome where a criterion is met; where it is not documented, the rest if that comes to the same. */
    step(part, code, next) {
      const one = this.read(part), rest = this.read(next);
      const differs = both(both(one.possible, inverse(one.met)), inverse(rest[code]));
      const found = this.within(inverse(either(one.met, differs)), rest);
      found[code] = either(found[code], one.met);
      found[OPEN] = either(found[OPEN], differs);
      return found;
    }

    code(codes, then, otherwise) {
      const where = this.rows.coded(codes), rest = this.within(inverse(where), this.read(otherwise));
      return this.within(where, this.read(then)).map((plane, i) => either(plane, rest[i]));
    }

    switch(field, ways, others) {
      let left = EVERYWHERE, found = Array(OUTCOMES + 1).fill(NOWHERE);
      const take = (where, parts) => {
        if (where === NOWHERE) return;
        const some = this.within(where, this.together(parts));
        found = found.map((plane, i) => either(plane, some[i]));
      };
      for (const [values, parts] of ways) {
        const where = this.rows.keep(`at ${field} ${values}`, () => this.rows.among(field, values));
        take(where, parts);
        left = both(left, inverse(where));
      }
      take(left, others);
      return found;
    }

    /* What several readings have in common: one same outcome, else open. */
    together(parts) {
      const [first, ...rest] = parts.map((part) => this.read(part));
      const same = rest.reduce((found, reading) => found.map((plane, i) => both(plane, reading[i])), first);
      const agreed = same.reduce(either, NOWHERE), found = [...same];
      found[OPEN] = either(found[OPEN], inverse(agreed));
      return found;
    }
  }

  return { Evaluation, OUTCOMES, Rows, count, differ, eachRow, leversRead, partsOf };
})();

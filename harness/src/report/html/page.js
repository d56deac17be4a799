"use strict";
// The filters and the sequence diagrams. All text goes in as text: nothing here makes markup of strings.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);
  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const draw = (name, attributes, className) => {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (className) node.setAttribute("class", className);
    return node;
  };

  // Places are kept for what is drawn later.
  document.documentElement.classList.add("js");

  // ---------------------------------------------------------------- filters
  const cases = [...document.querySelectorAll("#list > .case")];
  const texts = cases.map((node) =>
    `${node.dataset.id} ${node.dataset.requirements} ${node.dataset.exercised} ${node.querySelector(".title").textContent} ` +
    [...node.querySelectorAll(".finding dd, .detail")].map((part) => part.textContent.slice(0, 400)).join(" "));
  const lower = texts.map((text) => text.toLowerCase());
  const state = { text: "", verdicts: new Set(), requirement: "" };
  const chips = [...document.querySelectorAll(".chip")];

  function apply() {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, all = 0;
    cases.forEach((node, index) => {
      const count = Number(node.dataset.count || 1);
      const data = node.dataset;
      const wanted = (!state.verdicts.size || state.verdicts.has(data.verdict)) &&
        (!state.requirement || ` ${data.requirements} ${data.exercised} `.includes(` ${state.requirement} `)) &&
        words.every((word) => lower[index].includes(word));
      node.hidden = !wanted;
      all += count;
      if (wanted) shown += count;
    });
    $("shown").textContent = `${shown} of ${all}`;
    $("none").hidden = shown > 0;
    $("requirement").hidden = !state.requirement;
    $("requirement").textContent = `${state.requirement}  ✕`;
    $("requirement").setAttribute("aria-label", `Cases of every requirement, not only ${state.requirement}`);
    chips.forEach((chip) => chip.setAttribute("aria-pressed", state.verdicts.has(chip.dataset.verdict)));
  }
  function only(requirement) {
    state.requirement = requirement;
    apply();
    $("cases").scrollIntoView();
  }
  $("filters").hidden = false;
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", (event) => { state.text = event.target.value; apply(); });
  chips.forEach((chip) => chip.addEventListener("click", () => {
    const verdict = chip.dataset.verdict;
    if (!state.verdicts.delete(verdict)) state.verdicts.add(verdict);
    apply();
  }));
  $("requirement").addEventListener("click", () => only(""));
  $("reset").addEventListener("click", () => {
    state.text = $("search").value = state.requirement = "";
    state.verdicts.clear();
    apply();
  });
  document.querySelectorAll(".only").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => only(button.dataset.requirement));
  });
  document.querySelectorAll("a.cell").forEach((cell) => {
    if (cell.getAttribute("href") === "#cases") cell.addEventListener("click", () => only(cell.dataset.requirement));
  });
  $("fold").addEventListener("click", () => {
    const open = $("fold").getAttribute("aria-pressed") !== "true";
    // Hundreds of diagrams at once are of no use to anybody: each is drawn when it comes into view.
    cases.forEach((node) => { if (!node.hidden) node.open = open; });
    $("fold").setAttribute("aria-pressed", open);
    $("fold").textContent = open ? "Close all" : "Open all";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea)$/i.test(event.target.tagName)) {
      event.preventDefault();
      $("search").focus();
    }
  });
  function goto() {
    const target = location.hash.length > 1 && $(decodeURIComponent(location.hash.slice(1)));
    if (target && target.classList.contains("case")) {
      target.hidden = false;
      target.open = true;
      target.scrollIntoView();
    }
  }
  addEventListener("hashchange", goto);
  apply();

  // ---------------------------------------------------------------- diagrams
  const [LEAF, CALL, RETURN, STEP, NOTE, GAP] = [0, 1, 2, 3, 4, 5];
  const [PLAIN, MEMORY, FACT, BAD] = [0, 1, 2, 3];
  const HIGH = 24, LANE = innerWidth > 860 ? 120 : 72, BAR = 9;
  const wrong = (text) => /\bMAPI_E_|^0x8|\bE_[A-Z]+\b/.test(text);

  class Diagram {
    constructor(place, data) {
      this.lanes = data.lanes;
      this.rows = data.rows.map((row, index) => ({
        index, n: row[0], t: row[1], depth: row[2], kind: row[3], weight: row[4], from: row[5], to: row[6],
        text: row[7], result: row[8], until: row[9], marks: [], end: index, closed: false,
      }));
      for (const [index, , mark] of data.marks) this.rows[index].marks.push(mark);
      this.marked = this.rows.filter((row) => row.marks.length);
      this.small = false;
      this.at = null;
      this.nest();
      this.build(place, data.id);
      this.layout();
      this.step(1);
    }

    // Which rows lie within which call, and which lanes are busy beside each row.
    nest() {
      const open = [];
      const busy = this.lanes.map(() => 0);
      for (const row of this.rows) {
        if (row.kind === RETURN) {
          const at = open.findLastIndex((call) => call.from === row.to && call.to === row.from && call.depth === row.depth);
          if (at >= 0) {
            const [call] = open.splice(at, 1);
            call.end = row.index;
            busy[call.to]--;
          }
        }
        row.busy = busy.slice();
        if (row.kind === CALL) {
          open.push(row);
          busy[row.to]++;
        }
      }
      for (const call of open) call.end = this.rows.length - 1;
    }

    build(place, id) {
      const root = make("div", "seq");
      const bar = make("div", "seq-bar");
      const button = (text, act) => {
        const node = make("button", "", text);
        node.type = "button";
        node.addEventListener("click", act);
        bar.append(node);
        return node;
      };
      bar.append(make("h5", "", "Sequence of calls"));
      button("‹ Finding", () => this.step(-1)).disabled = !this.marked.length;
      button("Finding ›", () => this.step(1)).disabled = !this.marked.length;
      button("Fold calls", () => this.fold(true));
      button("Unfold", () => this.fold(false));
      const label = make("label");
      const box = make("input");
      box.type = "checkbox";
      box.addEventListener("change", () => { this.small = box.checked; this.layout(); });
      label.append(box, "memory, references, facts");
      bar.append(label);
      this.count = make("span", "end");
      bar.append(this.count);

      const head = make("div", "seq-head");
      head.setAttribute("aria-hidden", "true");
      const wide = this.lanes.length * LANE;
      const lanes = draw("svg", { width: wide, height: 26 }, "lanes");
      this.lanes.forEach((name, index) => {
        const text = draw("text", { x: index * LANE + LANE / 2, y: 17, "text-anchor": "middle" });
        text.textContent = name;
        lanes.append(text);
      });
      head.append(make("span", "time", "ms"), lanes);

      this.scroll = make("div", "seq-scroll");
      this.scroll.tabIndex = 0;
      this.scroll.setAttribute("role", "list");
      this.scroll.setAttribute("aria-label",
        `Calls between ${this.lanes.join(", ")} in ${id}. Arrow keys go from row to row, Enter folds a call, N goes to the next finding.`);
      this.space = make("div", "seq-space");
      this.space.setAttribute("role", "presentation");
      this.scroll.append(this.space);
      this.scroll.addEventListener("scroll", () => {
        if (!this.due) this.due = requestAnimationFrame(() => { this.due = 0; this.paint(); });
      });
      this.scroll.addEventListener("keydown", (event) => this.key(event));
      this.detail = make("div", "seq-detail", "Choose a row to see it whole.");
      this.detail.setAttribute("role", "status");
      root.append(bar, head, this.scroll, this.detail);
      place.append(root);
    }

    visible(row) {
      return this.small || row.marks.length || (row.weight !== MEMORY && row.weight !== FACT);
    }

    // Where each row is: heights differ only by what is noted beneath.
    layout() {
      this.shown = [];
      let y = 0;
      for (let index = 0; index < this.rows.length; index++) {
        const row = this.rows[index];
        if (!this.visible(row)) continue;
        row.y = y;
        row.high = HIGH + row.marks.reduce((sum, mark) => sum + this.height(mark) + 8, 0);
        y += row.high;
        this.shown.push(row);
        // The return of a folded call goes with it, unless something is marked within.
        if (row.closed && row.kind === CALL) index = row.end;
      }
      this.space.style.height = `${y}px`;
      this.count.textContent = this.shown.length === this.rows.length
        ? `${this.rows.length} rows` : `${this.shown.length} of ${this.rows.length} rows`;
      this.paint();
    }

    height(mark) {
      return mark.golden ? 27 + mark.golden.length * 18 : 14 + 20 * (1 + (mark.due ? 1 : 0) + (mark.seen ? 1 : 0));
    }

    // Only what is in view is in the document.
    paint() {
      const top = this.scroll.scrollTop - 200, bottom = top + this.scroll.clientHeight + 400;
      let low = 0, high = this.shown.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.shown[middle].y + this.shown[middle].high < top) low = middle + 1; else high = middle;
      }
      const nodes = [];
      for (let index = low; index < this.shown.length && this.shown[index].y < bottom; index++) {
        this.put(this.shown[index], index, nodes);
      }
      this.space.replaceChildren(...nodes);
    }

    put(row, place, nodes) {
      const kinds = ["", "", "", "step", "", "gap"], weights = ["", "memory", "fact", "bad"];
      const node = make("div", `row ${kinds[row.kind]} ${weights[row.weight]}`);
      if (row.marks.length) {
        node.classList.add("marked");
        if (row.marks.every((mark) => mark.golden || mark.level !== "must")) node.classList.add("odd");
      }
      if (row === this.at) node.classList.add("at");
      node.setAttribute("role", "listitem");
      node.setAttribute("aria-setsize", this.shown.length);
      node.setAttribute("aria-posinset", place + 1);
      node.style.top = `${row.y}px`;
      node.append(make("span", "time", row.kind === GAP ? "" : (row.t / 1000).toFixed(3)), this.arrows(row));
      const indent = make("span", "indent");
      indent.style.width = `${row.depth * 14}px`;
      const fold = make("button", "fold", row.closed ? "▸" : "▾");
      fold.type = "button";
      fold.tabIndex = -1;
      if (row.kind !== CALL || row.end === row.index) fold.classList.add("none");
      else {
        fold.setAttribute("aria-label", row.closed ? "Unfold" : "Fold");
        fold.addEventListener("click", (event) => { event.stopPropagation(); this.toggle(row); });
      }
      node.append(indent, fold);
      const label = make("span", "label");
      if (row.kind <= RETURN) label.append(make("span", "sr", `${this.lanes[row.from]} to ${this.lanes[row.to]}: `));
      const text = row.kind === RETURN ? row.text : row.text;
      label.append(make("span", row.kind === RETURN ? (wrong(text.split(" = ")[1] || "") ? "wrong" : "result") : "", text));
      if (row.result) label.append(make("span", wrong(row.result.split(" ")[0]) ? "wrong" : "result", ` = ${row.result}`));
      if (row.closed) label.append(make("span", "result", `  … ${row.end - row.index} rows folded`));
      node.append(label);
      node.addEventListener("click", () => this.choose(row));
      nodes.push(node);
      let y = row.y + HIGH + 3;
      for (const mark of row.marks) {
        const note = mark.golden ? this.golden(mark) : this.finding(mark);
        note.style.top = `${y}px`;
        note.style.height = `${this.height(mark)}px`;
        y += this.height(mark) + 8;
        nodes.push(note);
      }
    }

    arrows(row) {
      const svg = draw("svg", { width: this.lanes.length * LANE, height: HIGH, "aria-hidden": "true" });
      const x = (lane) => lane * LANE + LANE / 2;
      this.lanes.forEach((_, lane) => {
        svg.append(draw("line", { x1: x(lane), x2: x(lane), y1: 0, y2: HIGH }, "lifeline"));
        for (let level = 0; level < row.busy[lane]; level++) {
          svg.append(draw("rect", { x: x(lane) - BAR / 2 + level * 3, y: -1, width: BAR, height: HIGH + 2 }, "active"));
        }
      });
      const bad = row.marks.some((mark) => !mark.golden) || row.weight === BAD ? " bad" : "";
      if (row.kind <= RETURN && row.from !== row.to) {
        const right = x(row.to) > x(row.from) ? 1 : -1;
        const from = x(row.from) + right * (BAR / 2 + 1), to = x(row.to) - right * (BAR / 2 + 1);
        const back = row.kind === RETURN ? " back" : "";
        const y = HIGH / 2;
        svg.append(draw("line", { x1: from, x2: to - right * 5, y1: y, y2: y }, `arrow${back}${bad}`));
        svg.append(draw("path", { d: `M${to} ${y} l${-right * 8} -4 v8 z` }, `head${back}${bad}`));
      } else if (row.kind === NOTE) {
        svg.append(draw("circle", { cx: x(row.from), cy: HIGH / 2, r: 4 }, `spot${bad}`));
      }
      return svg;
    }

    finding(mark) {
      const note = make("div", mark.level === "must" ? "note" : "note odd");
      const first = make("div", "line");
      first.append(make("b", "", `✕ ${mark.requirement} (${mark.level}) `), mark.text);
      note.append(first);
      for (const name of ["due", "seen"]) {
        if (!mark[name]) continue;
        const line = make("div", "line");
        line.append(make("span", "name", name), mark[name]);
        line.title = mark[name];
        note.append(line);
      }
      return note;
    }

    golden(mark) {
      const note = make("div", "note golden");
      note.append(make("div", "cap", `Here the trace parts from the golden, line ${mark.line}: golden on the left, this run on the right`));
      for (const [golden, seen, same] of mark.golden) {
        const pair = make("div", same ? "pair" : "pair off");
        pair.append(make("span", "", golden), make("span", "", seen));
        note.append(pair);
      }
      return note;
    }

    choose(row) {
      this.at = row;
      const until = row.until !== row.n ? `-${row.until}` : "";
      const result = row.result ? `\n= ${row.result}` : "";
      this.detail.textContent = `event ${row.n}${until}, ${(row.t / 1000).toFixed(3)} ms, ${this.lanes[row.from]}` +
        (row.from !== row.to ? ` → ${this.lanes[row.to]}` : "") + `\n${row.text}${result}`;
      this.paint();
    }

    show(row) {
      const box = this.scroll;
      if (row.y < box.scrollTop || row.y + row.high > box.scrollTop + box.clientHeight) {
        box.scrollTop = Math.max(0, row.y - box.clientHeight / 4);
      }
      this.choose(row);
    }

    // The next or the last marked row, from where the reader is.
    step(by) {
      if (!this.marked.length) return;
      const here = this.at ? this.at.index : -1;
      const next = by > 0 ? this.marked.find((row) => row.index > here) || this.marked[0]
        : this.marked.findLast((row) => row.index < here) || this.marked[this.marked.length - 1];
      for (const row of this.rows) if (row.kind === CALL && row.index < next.index && next.index <= row.end) row.closed = false;
      this.layout();
      this.show(next);
    }

    fold(closed) {
      const within = (row) => this.marked.some((mark) => row.index < mark.index && mark.index <= row.end);
      for (const row of this.rows) row.closed = closed && row.kind === CALL && row.end > row.index && !within(row);
      this.layout();
    }

    toggle(row) {
      row.closed = !row.closed;
      this.layout();
    }

    key(event) {
      const place = this.shown.indexOf(this.at);
      const move = (to) => this.show(this.shown[Math.max(0, Math.min(this.shown.length - 1, to))]);
      const keys = {
        ArrowDown: () => move(place + 1), ArrowUp: () => move(place - 1), Home: () => move(0), End: () => move(this.shown.length - 1),
        PageDown: () => move(place + 15), PageUp: () => move(place - 15), n: () => this.step(1), p: () => this.step(-1),
        Enter: () => { if (this.at && this.at.kind === CALL) this.toggle(this.at); },
      };
      if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey && event.target === this.scroll) {
        event.preventDefault();
        keys[event.key]();
      }
    }
  }

  async function unpack(text) {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(stream).text());
  }

  const drawn = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      drawn.unobserve(target);
      const data = target.querySelector("script");
      if (!data) continue;
      unpack(data.textContent).then((trace) => new Diagram(target, trace),
        () => target.append(make("p", "hint", "This browser cannot unpack the trace.")));
    }
  }, { rootMargin: "300px" });
  document.querySelectorAll("section.trace").forEach((place) => drawn.observe(place));
  goto();
})();

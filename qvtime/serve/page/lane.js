// A lane of a timeline: spans of time as buttons, in rows where they overlap.

import { el } from "./dom.js";
import { clock } from "./times.js";
import { t } from "./words.js";

const MOST_ROWS = 4;
const ROW_PX = 22;
const THIN_PX = 3; // narrower spans that touch are drawn as one
const LABELLED_PX = 30;

export class Lane {
  // kind names its colours; pick(item) is called when one is chosen, open(fromMs, toMs) when a
  // block of many is.
  constructor(kind, { pick, open }) {
    this.kind = kind;
    this.items = [];
    this.drawn = new Map();
    this.current = null;
    this.pick = pick;
    this.open = open;
    this.label = el("div", { class: "lane-label", dataset: { t: kind } });
    this.empty = el("span", { class: "lane-empty" });
    this.plot = el("div", { class: "lane-plot", role: "group", dataset: { tLabel: kind } }, this.empty);
    this.element = el("div", { class: `lane ${kind}` }, this.label, this.plot);
  }

  // items: {start_ms, end_ms, caption, score}; emptyKey: the words when there are none.
  set(items, emptyKey) {
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.current = null;
    this.items = [...items].sort((a, b) => a.start_ms - b.start_ms || a.end_ms - b.end_ms);
    const ends = [];
    for (const item of this.items) {
      let row = ends.findIndex((end) => end <= item.start_ms);
      if (row < 0) row = ends.length < MOST_ROWS ? ends.length : MOST_ROWS - 1;
      ends[row] = Math.max(ends[row] ?? 0, item.end_ms);
      item.row = row;
    }
    this.plot.style.height = `${Math.max(1, ends.length) * ROW_PX + 4}px`;
    if (this.items.length || !emptyKey) delete this.empty.dataset.t;
    else this.empty.dataset.t = emptyKey;
    this.empty.textContent = this.items.length || !emptyKey ? "" : t(emptyKey);
  }

  draw(view) {
    const wanted = new Map();
    for (const block of this.blocks(view)) wanted.set(block.key, block);
    for (const [key, element] of this.drawn) {
      if (!wanted.has(key)) {
        element.remove();
        this.drawn.delete(key);
      }
    }
    for (const [key, block] of wanted) {
      let element = this.drawn.get(key);
      if (!element) {
        element = this.make(block);
        this.drawn.set(key, element);
        this.plot.append(element);
      }
      this.place(element, block, view);
    }
  }

  // What is drawn: an item each, or several thin ones that touch.
  *blocks(view) {
    const open = [];
    for (const [number, item] of this.items.entries()) {
      if (item.start_ms > view.toMs) break;
      if (item.end_ms < view.fromMs) continue;
      const thin = (item.end_ms - item.start_ms) / view.msPerPx < THIN_PX;
      const last = open[item.row];
      if (thin && last?.thin && view.x(item.start_ms) - view.x(last.end_ms) < THIN_PX) {
        last.count += 1;
        last.end_ms = Math.max(last.end_ms, item.end_ms);
        last.key = `${last.first}+${last.count}`;
        continue;
      }
      if (last) yield last;
      open[item.row] = { ...item, item, thin, count: 1, first: number, key: `${number}` };
    }
    yield* open.filter(Boolean);
  }

  make(block) {
    const element = el("button", { type: "button", class: "span", tabindex: "-1" });
    if (block.count > 1) {
      element.classList.add("many");
      element.addEventListener("click", () => this.open(block.start_ms, block.end_ms));
    } else {
      if (block.score !== null && block.score !== undefined) element.style.setProperty("--score", block.score);
      element.addEventListener("click", () => this.pick(block.item));
    }
    element.block = block;
    return element;
  }

  place(element, block, view) {
    const left = Math.max(-4, view.x(block.start_ms));
    const width = Math.max(THIN_PX, Math.min(view.widthPx + 4, view.x(block.end_ms)) - left);
    element.style.left = `${left}px`;
    element.style.width = `${width}px`;
    element.style.top = `${2 + block.row * ROW_PX}px`;
    const label = block.count > 1 ? t("many", { n: block.count }) : spoken(block);
    if (element.getAttribute("aria-label") !== label) element.setAttribute("aria-label", label);
    const text = width < LABELLED_PX ? "" : block.count > 1 ? `${block.count}` : block.caption;
    if (element.textContent !== text) element.textContent = text;
    const current = block.count === 1 && block.item === this.current;
    element.toggleAttribute("aria-current", current);
    element.tabIndex = current ? 0 : -1;
  }

  // The item after (or before, step -1) a moment.
  near(ms, step) {
    if (step > 0) return this.items.find((item) => item.start_ms > ms + 50);
    return this.items.findLast((item) => item.start_ms < ms - 400);
  }
}

export function spoken(item) {
  const said = t("eventSaid", {
    caption: item.caption,
    from: clock(item.start_ms, true),
    to: clock(item.end_ms, true),
  });
  if (item.score === null || item.score === undefined) return said;
  return `${said}, ${t("score", { percent: Math.round(100 * item.score) })}`;
}

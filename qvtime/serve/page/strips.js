// What a timeline shows besides events: its ruler, its strip of pictures, its heat.

import { picture } from "./api.js";
import { el } from "./dom.js";
import { clock, rulerStep } from "./times.js";
import { t } from "./words.js";

const TICK_PX = 84;
const FRAME_PX = 88;
const PICTURE_PX = 160;

export class Ruler {
  constructor() {
    this.plot = el("div", { class: "lane-plot" });
    this.element = el("div", { class: "lane ruler", "aria-hidden": "true" }, el("div", { class: "lane-label" }), this.plot);
  }

  draw(view) {
    const step = rulerStep(view.msPerPx * TICK_PX);
    const ticks = [];
    for (let ms = Math.ceil(view.fromMs / step) * step; ms <= view.toMs; ms += step) {
      const tick = el("span", { class: "tick", text: clock(ms, step < 1000) });
      tick.style.left = `${view.x(ms)}px`;
      ticks.push(tick);
    }
    this.plot.replaceChildren(...ticks);
  }
}

// Pictures at moments that stay the same while one scrolls, so that the browser keeps them.
export class Pictures {
  constructor() {
    this.id = null;
    this.drawn = new Map();
    this.waiting = null;
    this.plot = el("div", { class: "lane-plot" });
    this.element = el("div", { class: "lane pictures", "aria-hidden": "true" },
      el("div", { class: "lane-label", dataset: { t: "pictures" } }), this.plot);
  }

  open(id) {
    this.id = id;
    this.drawn.clear();
    this.plot.replaceChildren();
  }

  draw(view) {
    const step = 250 * 2 ** Math.max(0, Math.ceil(Math.log2((view.msPerPx * FRAME_PX) / 250)));
    const wanted = new Map();
    for (let ms = Math.floor(view.fromMs / step) * step; ms < Math.min(view.toMs, view.durationMs); ms += step) {
      wanted.set(ms, `${step}:${ms}`);
    }
    const keys = new Set(wanted.values());
    for (const [key, image] of this.drawn) {
      if (!keys.has(key)) {
        image.remove();
        this.drawn.delete(key);
      }
    }
    for (const [ms, key] of wanted) {
      let image = this.drawn.get(key);
      if (!image) {
        image = el("img", { alt: "", decoding: "async", draggable: "false", dataset: { ms } });
        this.drawn.set(key, image);
        this.plot.append(image);
      }
      image.style.left = `${view.x(ms)}px`;
      image.style.width = `${step / view.msPerPx}px`;
    }
    // Only what stays on screen is asked for.
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.load(step), 120);
  }

  load(step) {
    for (const image of this.drawn.values()) {
      if (!image.getAttribute("src")) image.src = picture(this.id, Number(image.dataset.ms) + step / 2, PICTURE_PX);
    }
  }
}

// How likely an event is to start at each moment: the darker, the likelier.
export class Heat {
  constructor() {
    this.starts = [];
    this.canvas = el("canvas", { role: "img" });
    this.plot = el("div", { class: "lane-plot" }, this.canvas);
    this.element = el("div", { class: "lane heat", hidden: true },
      el("div", { class: "lane-label", dataset: { t: "starts" } }), this.plot);
  }

  // starts: [{start_ms, end_ms, probability}], none to hide it.
  set(starts) {
    this.starts = starts ?? [];
    this.element.hidden = !this.starts.length;
  }

  draw(view) {
    if (this.element.hidden) return;
    const ratio = window.devicePixelRatio || 1;
    const height = this.plot.clientHeight;
    this.canvas.width = Math.max(1, Math.round(view.widthPx * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = getComputedStyle(this.canvas).color;
    let best = null;
    for (const one of this.starts) {
      if (one.end_ms < view.fromMs || one.start_ms > view.toMs) continue;
      if (!best || one.probability > best.probability) best = one;
      const x = view.x(one.start_ms);
      pen.globalAlpha = Math.min(1, Math.sqrt(one.probability));
      pen.fillRect(x, 0, Math.max(1.5, view.x(one.end_ms) - x), height);
    }
    this.canvas.setAttribute("aria-label", best
      ? `${t("starts")}: ${clock(best.start_ms, true)}, ${Math.round(100 * best.probability)} %` : t("starts"));
  }

  // The likeliest start at a moment, as words; null where there is none worth a word.
  at(ms) {
    let found = 0;
    for (const one of this.starts) if (one.start_ms <= ms && ms < one.end_ms) found = Math.max(found, one.probability);
    return found >= 0.005 ? t("startsLikely", { percent: Math.round(100 * found) }) : null;
  }
}

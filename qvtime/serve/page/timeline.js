// The timeline under the player: lanes over the same stretch of time, zoomed and scrolled together.

import { picture } from "./api.js";
import { announce, el, icon } from "./dom.js";
import { Lane, spoken } from "./lane.js";
import { Overview } from "./overview.js";
import { Heat, Pictures, Ruler } from "./strips.js";
import { clock, counted } from "./times.js";
import { View } from "./view.js";
import { t, translate } from "./words.js";

const HOVER_MS = 60;
const HOVER_PX = 208;

export class Timeline {
  // onSeek(ms), onPlay(ms): what a click means.
  constructor(root, { onSeek, onPlay }) {
    this.root = root;
    this.onSeek = onSeek;
    this.onPlay = onPlay;
    this.view = new View();
    this.id = null;
    this.nowMs = 0;
    const lane = (kind) => new Lane(kind, {
      pick: (item) => this.choose(item),
      open: (fromMs, toMs) => this.show(fromMs, toMs),
    });
    this.events = lane("events");
    this.subtitles = lane("subtitles");
    this.results = lane("results");
    this.lanes = [this.results, this.events, this.subtitles];
    this.ruler = new Ruler();
    this.pictures = new Pictures();
    this.heat = new Heat();
    this.overview = new Overview(this.view, () => this.draw());
    this.time = el("output", { class: "time" });
    this.playhead = el("div", { class: "playhead", "aria-hidden": "true" });
    this.hover = el("div", { class: "hover", hidden: true },
      el("img", { alt: "" }), el("strong"), el("span"));
    this.strips = [this.ruler, this.pictures, this.results, this.heat, this.events, this.subtitles];
    this.plots = el("div", { class: "lanes" },
      ...this.strips.map((one) => one.element), this.playhead);
    root.append(this.tools(), this.overview.element, this.plots, this.hover);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.plots);
    translate();
  }

  tools() {
    const button = (key, act) =>
      el("button", { type: "button", class: "quiet icon", dataset: { tLabel: key }, on: { click: act } }, icon(key));
    return el("div", { class: "tools" },
      button("previous", () => this.step(-1)), button("next", () => this.step(1)),
      this.time, el("span", { class: "gap" }),
      button("zoomOut", () => this.zoom(2)), button("zoomIn", () => this.zoom(0.5)),
      button("zoomAll", () => this.zoomAll()));
  }

  open(id, durationMs) {
    this.id = id;
    this.view.open(durationMs);
    this.pictures.open(id);
    this.heat.set([]);
    this.events.set([], "loading");
    this.subtitles.set([], "loading");
    this.results.set([], "noResults");
    this.now(0);
    this.draw();
  }

  setEvents(items) { this.events.set(items, "noEvents"); this.draw(); }
  setSubtitles(items) { this.subtitles.set(items, "noSubtitles"); this.draw(); }

  setResults(items, starts) {
    this.results.set(items, starts?.length ? null : "noResults");
    this.heat.set(starts);
    this.draw();
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      const width = this.ruler.plot.clientWidth;
      if (!width || this.id === null) return;
      this.view.widthPx = width;
      for (const strip of this.strips) strip.draw(this.view);
      this.overview.draw(this.events.items, this.results.items, this.nowMs);
      this.placePlayhead();
    });
  }

  // The player is there now; while it plays, the timeline turns its pages.
  now(ms, playing = false) {
    this.nowMs = ms;
    this.time.textContent = `${counted(ms)} / ${counted(this.view.durationMs)}`;
    if (playing && !this.view.isAll && (ms < this.view.fromMs || ms > this.view.toMs)) {
      this.view.moveTo(ms - this.view.spanMs * 0.05);
      this.draw();
    }
    this.placePlayhead();
  }

  placePlayhead() {
    const x = this.view.x(this.nowMs);
    this.playhead.hidden = x < 0 || x > this.view.widthPx;
    this.playhead.style.left = `${this.ruler.plot.offsetLeft + x}px`;
    this.overview.now(this.nowMs);
  }

  choose(item) {
    for (const lane of this.lanes) lane.current = lane.items.includes(item) ? item : null;
    this.view.reveal(item.start_ms, item.end_ms);
    this.draw();
    this.onPlay(item.start_ms);
  }

  // To the next event, or the one before: of the answers where there are some, else of the video.
  step(step) {
    const lane = this.results.items.length ? this.results : this.events;
    const item = lane.near(this.nowMs, step);
    if (!item) return;
    for (const other of this.lanes) other.current = other === lane ? item : null;
    this.view.reveal(item.start_ms, item.end_ms);
    this.draw();
    this.onSeek(item.start_ms);
    announce(spoken(item));
  }

  zoom(factor, anchorMs = null) {
    const seen = this.nowMs >= this.view.fromMs && this.nowMs <= this.view.toMs;
    this.view.zoom(factor, anchorMs ?? (seen ? this.nowMs : this.view.fromMs + this.view.spanMs / 2));
    this.draw();
  }

  zoomAll() { this.view.all(); this.draw(); }

  show(fromMs, toMs) {
    this.view.zoom(Math.max(1, (toMs - fromMs) * 1.5) / this.view.spanMs, (fromMs + toMs) / 2);
    this.view.moveTo((fromMs + toMs) / 2 - this.view.spanMs / 2);
    this.draw();
  }

  // The part that is shown, null when that is all.
  get shown() {
    return this.view.isAll ? null : { from_ms: this.view.fromMs, to_ms: this.view.toMs };
  }

  msAt(event) {
    const box = this.ruler.plot.getBoundingClientRect();
    return Math.min(Math.max(0, this.view.ms(event.clientX - box.left)), this.view.durationMs);
  }

  listen() {
    const pointers = new Map();
    let dragged = null;
    let moved = false;
    this.plots.addEventListener("wheel", (event) => {
      const page = document.scrollingElement;
      if (!event.ctrlKey && page.scrollHeight > page.clientHeight + 1) return; // the page scrolls
      event.preventDefault();
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        this.view.moveTo(this.view.fromMs + sideways * this.view.msPerPx);
      } else {
        this.view.zoom(1.0018 ** event.deltaY, this.msAt(event));
      }
      this.draw();
    }, { passive: false });
    this.plots.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pointers.set(event.pointerId, event.clientX);
      moved = false;
      dragged = { x: event.clientX, fromMs: this.view.fromMs, scrubs: this.ruler.element.contains(event.target) };
    });
    window.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId) || !dragged) return;
      const before = [...pointers.values()];
      pointers.set(event.pointerId, event.clientX);
      if (pointers.size === 2) {
        const after = [...pointers.values()];
        const apart = ([a, b]) => Math.max(10, Math.abs(a - b));
        const middle = (after[0] + after[1]) / 2;
        this.view.zoom(apart(before) / apart(after), this.msAt({ clientX: middle }));
        moved = true;
      } else if (Math.abs(event.clientX - dragged.x) > 4 || moved) {
        moved = true;
        if (dragged.scrubs) this.onSeek(this.msAt(event));
        else this.view.moveTo(dragged.fromMs - (event.clientX - dragged.x) * this.view.msPerPx);
      }
      this.draw();
    });
    const up = (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) dragged = null;
    };
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", up);
    // A drag that ends on an event is not a click on it.
    this.plots.addEventListener("click", (event) => {
      if (moved) {
        event.stopPropagation();
        event.preventDefault();
      } else if (!event.target.closest(".span") && event.target.closest(".lane-plot")) {
        this.onSeek(this.msAt(event));
      }
    }, true);
    this.plots.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.hoverAt(event));
    this.plots.addEventListener("pointerleave", () => this.unhover());
    this.plots.addEventListener("focusin", (event) => {
      const block = event.target.block;
      if (block && event.target.matches(":focus-visible")) this.hoverOver(block.start_ms, block, event.target.getBoundingClientRect().left);
    });
    this.plots.addEventListener("focusout", () => this.unhover());
  }

  hoverAt(event) {
    if (!event.target.closest(".lane-plot") || event.buttons) {
      this.unhover();
      return;
    }
    this.hoverOver(this.msAt(event), event.target.block ?? null, event.clientX);
  }

  hoverOver(ms, block, clientX) {
    const [image, time, words] = this.hover.children;
    const box = this.root.getBoundingClientRect();
    const half = HOVER_PX / 2 + 8;
    this.hover.hidden = false;
    this.hover.style.left = `${Math.min(Math.max(half, clientX - box.left), box.width - half)}px`;
    time.textContent = block && block.count === 1
      ? `${clock(block.start_ms, true)} – ${clock(block.end_ms, true)}` : clock(ms, true);
    const score = block?.score ?? null;
    words.textContent = block
      ? (block.count > 1 ? t("many", { n: block.count }) : block.caption + (score === null ? "" : ` · ${Math.round(100 * score)} %`))
      : this.heat.at(ms) ?? "";
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      const step = Math.max(100, Math.round(this.view.msPerPx * 4));
      image.src = picture(this.id, Math.round(ms / step) * step, HOVER_PX);
    }, HOVER_MS);
  }

  unhover() {
    clearTimeout(this.asking);
    this.hover.hidden = true;
  }
}

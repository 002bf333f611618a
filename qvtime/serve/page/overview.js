// All of a video in one thin bar: where its events are, and which part the timeline shows.

import { el } from "./dom.js";
import { clock } from "./times.js";

export class Overview {
  constructor(view, changed) {
    this.view = view;
    this.changed = changed;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.dot = el("div", { class: "dot", "aria-hidden": "true" });
    this.thumb = el("div", {
      class: "thumb", role: "slider", tabindex: "0", "aria-valuemin": "0", dataset: { tLabel: "overview" },
    });
    // A canvas knows no names of colours; these two wear them.
    this.ink = { events: el("i", { class: "events ink" }), results: el("i", { class: "results ink" }) };
    this.bar = el("div", { class: "overview-bar" }, this.canvas, this.ink.events, this.ink.results, this.dot, this.thumb);
    this.element = el("div", { class: "overview" }, el("div", { class: "lane-label" }), this.bar);
    this.listen();
  }

  draw(events, results) {
    const { view } = this;
    const width = this.bar.clientWidth;
    const height = this.bar.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    for (const [items, ink, top] of [[events, this.ink.events, 0.5], [results, this.ink.results, 0]]) {
      pen.fillStyle = getComputedStyle(ink).color;
      pen.globalAlpha = 0.75;
      for (const item of items) {
        const x = (item.start_ms / view.durationMs) * width;
        pen.fillRect(x, top * height, Math.max(1, ((item.end_ms - item.start_ms) / view.durationMs) * width), height / 2);
      }
    }
    this.thumb.style.left = `${(100 * view.fromMs) / view.durationMs}%`;
    this.thumb.style.width = `${(100 * view.spanMs) / view.durationMs}%`;
    this.thumb.setAttribute("aria-valuemax", Math.floor(view.durationMs / 1000));
    this.thumb.setAttribute("aria-valuenow", Math.floor(view.fromMs / 1000));
    this.thumb.setAttribute("aria-valuetext", `${clock(view.fromMs)} – ${clock(view.toMs)}`);
  }

  now(ms) {
    this.dot.style.left = `${(100 * ms) / this.view.durationMs}%`;
  }

  listen() {
    let offset = null;
    const msAt = (event) => {
      const box = this.bar.getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * this.view.durationMs;
    };
    const move = (event) => {
      this.view.moveTo(msAt(event) - offset);
      this.changed();
    };
    this.bar.addEventListener("pointerdown", (event) => {
      const at = msAt(event) - this.view.fromMs;
      offset = at >= 0 && at <= this.view.spanMs ? at : this.view.spanMs / 2;
      this.bar.setPointerCapture(event.pointerId);
      move(event);
    });
    this.bar.addEventListener("pointermove", (event) => offset !== null && move(event));
    for (const kind of ["pointerup", "pointercancel"]) this.bar.addEventListener(kind, () => { offset = null; });
    this.thumb.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.25, ArrowRight: 0.25, PageUp: -1, PageDown: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.view.moveTo(this.view.fromMs + step * this.view.spanMs);
      this.changed();
    });
  }
}

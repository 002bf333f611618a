// Which part of a video a timeline shows. Pure arithmetic: milliseconds and pixels.

export const SHORTEST_MS = 2000;

export class View {
  constructor() {
    this.durationMs = 1;
    this.fromMs = 0;
    this.spanMs = 1;
    this.widthPx = 1;
  }

  open(durationMs) {
    this.durationMs = Math.max(1, durationMs);
    this.all();
  }

  all() {
    this.fromMs = 0;
    this.spanMs = this.durationMs;
  }

  get toMs() { return this.fromMs + this.spanMs; }
  get msPerPx() { return this.spanMs / this.widthPx; }
  get isAll() { return this.spanMs >= this.durationMs; }

  x(ms) { return (ms - this.fromMs) / this.msPerPx; }
  ms(x) { return this.fromMs + x * this.msPerPx; }

  // Shows `factor` times as much; the moment at `anchorMs` stays where it is.
  zoom(factor, anchorMs) {
    const span = Math.min(this.durationMs, Math.max(Math.min(SHORTEST_MS, this.durationMs), this.spanMs * factor));
    const share = (anchorMs - this.fromMs) / this.spanMs;
    this.spanMs = span;
    this.moveTo(anchorMs - share * span);
  }

  moveTo(fromMs) {
    this.fromMs = Math.min(Math.max(0, fromMs), this.durationMs - this.spanMs);
  }

  // Makes a span visible with some room around it, where it is not.
  reveal(startMs, endMs) {
    if (startMs >= this.fromMs && endMs <= this.toMs) return;
    if (endMs - startMs > this.spanMs) this.spanMs = Math.min(this.durationMs, (endMs - startMs) * 1.4);
    this.moveTo((startMs + endMs) / 2 - this.spanMs / 2);
  }
}

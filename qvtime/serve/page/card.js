// One question and what becomes of it: a place in the queue, progress, an answer with its times.

import { Trouble, stream, video } from "./api.js";
import { announce, el } from "./dom.js";
import { clock, tagged } from "./times.js";
import { t } from "./words.js";

const FORMATS = ["srt", "vtt", "json", "csv"];
const TAG = /<time>([0-9:.]{1,20})<\/time>/g;

export class Card {
  // asked: {mode, words, fields}. The hooks: onPlay(ms), onChange(card), onRemove(card),
  // onAgain(card), onEverywhere(card).
  constructor(id, asked, hooks) {
    this.id = id;
    this.asked = asked;
    this.hooks = hooks;
    this.reports = [];
    this.likely = new Map(); // where it may start, by the moment; of windows that overlap the surer
    this.state = "waiting"; // then "working", and "done", "failed" or "cancelled"
    this.leaving = new AbortController();
    this.status = el("p", { class: "state", role: "status" });
    this.bar = el("progress", { max: "1", hidden: true, "aria-label": asked.words });
    this.cancel = el("button", { type: "button", class: "quiet cancel", text: t("cancel"), on: { click: () => this.leave() } });
    this.remove = el("button", { type: "button", class: "quiet icon remove", text: "×", "aria-label": t("remove"), title: t("remove"), on: { click: () => hooks.onRemove(this) } });
    this.content = el("div", { class: "content" });
    this.element = el("article", { class: "card", dataset: { state: "waiting", mode: asked.mode } },
      el("header", {}, el("h2", { text: asked.words }), this.remove),
      el("div", { class: "work" }, this.status, this.cancel), this.bar, this.content);
    this.element.addEventListener("click", () => hooks.onChange(this));
  }

  get starts() {
    return [...this.likely.values()];
  }

  get events() {
    return this.reports.flatMap((report) => report.events);
  }

  async run() {
    this.say(t("starting"));
    try {
      for await (const message of stream(`${video(this.id)}/${this.asked.mode}`, this.asked.fields, this.leaving.signal)) {
        this.take(message);
      }
      if (this.state === "working" || this.state === "waiting") this.end(this.reports.length ? "done" : "failed", this.reports.length ? "" : t("unreachable"));
    } catch (error) {
      if (this.leaving.signal.aborted) this.end("cancelled", t("cancelled"));
      else if (error instanceof Trouble) this.fail(error);
      else this.end("failed", t("unreachable"));
    }
    this.hooks.onChange(this);
  }

  leave() {
    this.leaving.abort();
  }

  take(message) {
    if (message.type === "waiting") this.say(t("waiting", { n: message.before }));
    else if (message.type === "started") this.work(t("starting"));
    else if (message.type === "loading") this.work(t("loadingModel", { model: message.model }));
    else if (message.type === "progress") this.progress(message);
    else if (message.type === "starts") this.heat(message);
    else if (message.type === "report") this.report(message);
    else if (message.type === "note") this.content.append(el("p", { class: "note", text: message.message }));
    else if (message.type === "error") this.fail(new Trouble(message));
  }

  work(words) {
    this.state = this.element.dataset.state = "working";
    this.say(words);
  }

  progress({ done, total, start_ms: startMs, end_ms: endMs }) {
    this.bar.hidden = total < 2;
    this.bar.value = done / total;
    const values = { from: clock(startMs), to: clock(endMs), n: done + 1, total };
    this.work(t(total > 1 ? "readingPart" : "reading", values));
  }

  heat(message) {
    for (const one of message.starts) {
      const before = this.likely.get(one.start_ms);
      if (!before || before.probability < one.probability) this.likely.set(one.start_ms, one);
    }
    if (message.starts.length) this.hooks.onChange(this);
  }

  say(words) {
    this.status.textContent = words;
  }

  end(state, words) {
    this.state = this.element.dataset.state = state;
    this.say(words);
    this.bar.hidden = true;
    this.cancel.hidden = true;
  }

  fail(error) {
    this.end("failed", "");
    const again = el("button", { type: "button", class: "quiet", text: t("again"), on: { click: () => this.hooks.onAgain(this) } });
    this.content.append(el("div", { class: "trouble", role: "alert" },
      el("p", { text: error.message || t("unreachable") }),
      error.hint && el("p", { class: "hint", text: error.hint }), again));
  }

  report({ number, report }) {
    this.reports.push(report);
    this.end("done", "");
    const found = report.events.length > 0;
    const answer = el("p", { class: "answer" });
    if (this.asked.mode === "ask" || !found) this.write(answer, report.answer);
    const events = el("ol", { class: "events" }, ...report.events.map((event) => this.row(event)));
    this.content.append(
      answer,
      found ? events : "",
      this.asked.mode === "locate" && report.settings.skipped_ms ? this.skipped(report, found) : "",
      report.damage.length ? el("p", { class: "note", text: `${t("damaged")}: ${report.damage.join(" ")}` }) : "",
      el("footer", {}, el("span", { class: "looked", text: this.looked(report) }), downloads(`/api/answers/${number}`)),
    );
    announce(answer.textContent || report.events.map((event) => `${clock(event.start_ms, true)} ${event.caption}`).join(", "));
    this.hooks.onChange(this);
  }

  // The answer's words, its times as buttons.
  write(into, answer) {
    let end = 0;
    for (const tag of answer.matchAll(TAG)) {
      const ms = tagged(tag[1]);
      into.append(answer.slice(end, tag.index), ms === null ? tag[0] : this.timeButton(ms));
      end = tag.index + tag[0].length;
    }
    into.append(answer.slice(end));
  }

  timeButton(ms) {
    return el("button", { type: "button", class: "time", text: clock(ms, true), on: { click: () => this.hooks.onPlay(ms) } });
  }

  row(event) {
    const percent = event.score === null ? null : Math.round(100 * event.score);
    const play = el("button", {
      type: "button", class: "event", on: { click: () => this.hooks.onPlay(event.start_ms) },
      style: percent === null ? {} : { "--score": event.score },
    },
    el("span", { class: "when", text: `${clock(event.start_ms, true)} – ${clock(event.end_ms, true)}` }),
    this.asked.mode === "ask" ? el("span", { class: "caption", text: event.caption }) : "",
    percent === null ? "" : el("span", { class: "score", text: `${percent} %`, "aria-label": t("score", { percent }) }));
    return el("li", {}, play);
  }

  // How much of a long video was left out, and a way to look there too.
  skipped(report, found) {
    const everywhere = el("button", { type: "button", class: "quiet", text: t("everywhere"), on: { click: () => this.hooks.onEverywhere(this) } });
    const words = t("skipped", { skipped: clock(report.settings.skipped_ms) }); // where nothing is found, the answer says it
    return el("div", { class: "skipped" }, found ? el("p", { class: "note", text: words }) : "", everywhere);
  }

  looked(report) {
    const spans = report.looked;
    if (!spans.length || !report.granularity_ms) return "";
    const shown = `${clock(Math.min(...spans.map((one) => one.start_ms)))} – ${clock(Math.max(...spans.map((one) => one.end_ms)))}`;
    return t("looked", { spans: shown, granularity: report.granularity_ms / 1000 });
  }
}

// Links to the same thing in every format.
export function downloads(address) {
  return el("span", { class: "downloads", role: "group", "aria-label": t("download") },
    ...FORMATS.map((format) => el("a", {
      href: `${address}?format=${format}`, download: true, text: format.toUpperCase(),
      "aria-label": `${t("download")} ${format.toUpperCase()}`,
    })));
}

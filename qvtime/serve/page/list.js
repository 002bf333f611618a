// The videos, and what was found in all of them.

import { get, picture } from "./api.js";
import { $, el } from "./dom.js";
import { clock } from "./times.js";
import { t } from "./words.js";

const THUMB_PX = 160;

export const addressOf = (id, ms = null) => `#v=${id}${ms === null ? "" : `&t=${(ms / 1000).toFixed(3).replace(/\.?0+$/, "")}`}`;

const thumb = (id, ms) => el("span", { class: "thumb" }, el("img", {
  alt: "", loading: "lazy", decoding: "async", src: picture(id, ms, THUMB_PX),
  on: { error: (event) => event.target.classList.add("missing") },
}));

function facts(one) {
  if (one.status === "failed") return t("statusFailed");
  const length = one.duration_ms === null ? null : clock(one.duration_ms);
  const known = one.status === "indexed" ? t("statusIndexed", { n: one.events }) : t("statusNew");
  return [length, known].filter(Boolean).join(" · ");
}

export class List {
  constructor() {
    this.videos = [];
    this.current = null;
  }

  // The videos anew. Throws Trouble.
  async load() {
    const { videos, problems } = await get("/api/videos");
    const before = JSON.stringify([this.videos, this.problems]);
    this.videos = videos;
    this.problems = problems;
    if (JSON.stringify([videos, problems]) !== before) this.draw();
  }

  draw() {
    const focused = $("list").contains(document.activeElement) ? document.activeElement.dataset.id : null;
    $("list").replaceChildren(
      ...(this.problems ?? []).map((one) => el("p", { class: "trouble", text: one })),
      ...this.videos.map((one) => el("a", {
        class: "entry", href: addressOf(one.id), dataset: { id: one.id, status: one.status }, title: one.error ?? one.name,
      }, thumb(one.id, 0), el("span", { class: "about" },
        el("strong", { text: one.name }), el("span", { class: "facts", text: facts(one) })))));
    this.mark(this.current);
    if (focused) $("list").querySelector(`[data-id="${focused}"]`)?.focus({ preventScroll: true });
  }

  mark(id) {
    this.current = id;
    for (const entry of $("list").querySelectorAll(".entry")) {
      if (entry.dataset.id === id) entry.setAttribute("aria-current", "page");
      else entry.removeAttribute("aria-current");
    }
  }

  // What the index has for these words, in place of the list. Throws Trouble.
  async search(words) {
    const { hits, problems } = await get(`/api/search?words=${encodeURIComponent(words)}`);
    const clear = el("button", { type: "button", class: "quiet", text: t("clear"), on: { click: () => this.clear() } });
    $("hits").replaceChildren(
      el("header", {}, el("h2", { text: t("hits", { words }) }), clear),
      ...problems.map((one) => el("p", { class: "trouble", text: one })),
      ...(hits.length ? hits.map((hit) => el("a", {
        class: "entry hit", href: addressOf(hit.video.id, hit.start_ms), dataset: { id: hit.video.id },
      }, thumb(hit.video.id, (hit.start_ms + hit.end_ms) / 2), el("span", { class: "about" },
        el("strong", { text: hit.caption }),
        el("span", { class: "facts", text: `${clock(hit.start_ms, true)} · ${hit.video.name}${hit.source === "subtitle" ? ` · ${t("subtitles")}` : ""}` }))))
        : [el("p", { class: "empty", text: t("noHits") }), el("p", { class: "hint", text: t("noHitsHint") })]));
    $("hits").hidden = false;
    $("list").hidden = true;
    return hits.length;
  }

  clear() {
    $("hits").hidden = true;
    $("list").hidden = false;
    $("search-words").value = "";
  }
}

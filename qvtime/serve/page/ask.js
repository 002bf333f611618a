// The box in which one asks, and the answers below it; each video keeps its own.

import { Card } from "./card.js";
import { $, el } from "./dom.js";
import { clock } from "./times.js";
import { t } from "./words.js";

export class Ask {
  constructor(player, timeline) {
    this.player = player;
    this.timeline = timeline;
    this.id = null;
    this.cards = new Map(); // of each video, the newest first
    this.shown = null; // whose events are on the timeline
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    $("composer").addEventListener("change", () => this.write());
    $("ask-text").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        $("composer").requestSubmit();
      }
    });
    $("at-playhead").addEventListener("click", () => {
      $("ask-text").value = t("askAt", { time: clock(this.player.ms, true) });
      $("ask-text").focus();
    });
  }

  get mode() {
    return new FormData($("composer")).get("mode");
  }

  // The words of the box, as the language and the mode have them.
  write() {
    const asks = this.mode === "ask";
    $("ask-text").placeholder = t(asks ? "askPlaceholder" : "locatePlaceholder");
    $("ask-text").setAttribute("aria-label", t(asks ? "ask" : "locate"));
    $("send").textContent = t(asks ? "send" : "find");
    $("at-playhead").hidden = !asks;
    $("in-view-label").hidden = $("least").hidden = asks;
    this.now();
  }

  now() {
    const words = t("atPlayhead", { time: clock(this.player.ms, true) });
    if ($("at-playhead").textContent !== words) $("at-playhead").textContent = words;
  }

  open(id) {
    this.id = id;
    this.shown = (this.cards.get(id) ?? [])[0] ?? null;
    this.draw();
  }

  send() {
    const words = $("ask-text").value.trim();
    if (!words || this.id === null) return;
    const mode = this.mode;
    const fields = mode === "ask" ? { question: words } : { event: words, min_score: Number($("least").value) };
    const shown = $("in-view").checked ? this.timeline.shown : null;
    if (mode === "locate" && shown) fields.within = `${exact(shown.from_ms)}-${exact(shown.to_ms)}`;
    this.ask({ mode, words, fields });
    $("ask-text").value = "";
  }

  ask(asked) {
    const id = this.id;
    const card = new Card(id, asked, {
      onPlay: (ms) => {
        this.choose(card);
        this.player.playFrom(ms);
      },
      onChange: (one) => this.choose(one),
      onRemove: (one) => this.drop(one),
      onEverywhere: (one) => this.ask({ ...one.asked, fields: { ...one.asked.fields, everywhere: true } }),
      onAgain: (one) => {
        this.drop(one);
        this.ask(one.asked);
      },
    });
    this.cards.set(id, [card, ...(this.cards.get(id) ?? [])]);
    this.shown = card;
    this.draw();
    card.run();
  }

  drop(card) {
    card.leave();
    const rest = (this.cards.get(card.id) ?? []).filter((one) => one !== card);
    this.cards.set(card.id, rest);
    if (this.shown === card) this.shown = rest[0] ?? null;
    this.draw();
  }

  choose(card) {
    if (card.id !== this.id || !this.cards.get(card.id)?.includes(card)) return;
    this.shown = card;
    this.mark();
  }

  draw() {
    const cards = this.cards.get(this.id) ?? [];
    $("answers").replaceChildren(...(cards.length
      ? cards.map((card) => card.element) : [el("p", { class: "empty", text: t("noAnswers") })]));
    this.mark();
  }

  mark() {
    for (const card of this.cards.get(this.id) ?? []) card.element.toggleAttribute("aria-current", card === this.shown);
    this.timeline.setResults(this.shown?.events ?? [], this.shown?.starts ?? []);
  }

  // What the page says where there is no model to ask.
  setModel(model) {
    const none = model.state === "none";
    const note = $("no-model");
    note.hidden = !none && model.state !== "failed";
    $("composer").hidden = none;
    if (none) {
      note.replaceChildren(el("p", { text: t("noModel") }), el("p", { class: "hint", text: t("noModelHint") }));
    } else if (model.state === "failed") {
      note.replaceChildren(el("strong", { text: t("modelTrouble") }), el("p", { text: model.error?.message ?? "" }),
        model.error?.hint && el("p", { class: "hint", text: model.error.hint }));
    }
  }
}

// A time as the API reads it.
const exact = (ms) => `${(ms / 1000).toFixed(1)}s`;

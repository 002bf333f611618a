// The keyboard: one table for what keys do and for the list that "?" shows.

import { $, el } from "./dom.js";
import { t } from "./words.js";

const KEYS = [
  ["Space", "keySpace"],
  ["← →", "keyArrows"],
  ["J K L", "keyJkl"],
  ["N P", "keyNp"],
  ["/", "keySlash"],
  ["A", "keyAsk"],
  ["+ − 0", "keyZoom"],
  ["?", "keyHelp"],
];

export function listenToKeys(player, timeline) {
  const acts = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    j: () => player.seek(player.ms - 10000),
    l: () => player.seek(player.ms + 10000),
    ArrowLeft: (event) => player.seek(player.ms - (event.shiftKey ? 1000 : 5000)),
    ArrowRight: (event) => player.seek(player.ms + (event.shiftKey ? 1000 : 5000)),
    n: () => timeline.step(1),
    p: () => timeline.step(-1),
    a: () => $("ask-text").focus(),
    "+": () => timeline.zoom(0.5),
    "=": () => timeline.zoom(0.5),
    "-": () => timeline.zoom(2),
    0: () => timeline.zoomAll(),
  };
  // Before the player's own keys.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target;
    if (event.key === "Escape" && target.matches("input, textarea")) {
      target.blur();
      return;
    }
    if (target.matches("input:not([type=checkbox], [type=radio]), textarea, select") || $("keys").open) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "/") $("search-words").focus();
    else if (key === "?") showKeys();
    else if (!$("video").hidden && acts[key]) {
      const pressed = target.matches("button, a, input, summary");
      if (pressed && key === " ") return; // it presses what has the focus
      if (target.matches("input") && key.startsWith("Arrow")) return;
      acts[key](event);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}

export function showKeys() {
  const close = el("button", { class: "primary", text: t("close"), autofocus: true });
  $("keys").setAttribute("aria-label", t("keys"));
  $("keys").replaceChildren(el("form", { method: "dialog" }, el("h2", { text: t("keys") }),
    el("dl", {}, ...KEYS.flatMap(([keys, what]) => [
      el("dt", {}, ...keys.split(" ").map((key) => el("kbd", { text: key }))), el("dd", { text: t(what) })])), close));
  $("keys").showModal();
}

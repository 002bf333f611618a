// The page: which video is open (its address says so), and what the server is about.

import { Trouble, get, video } from "./api.js";
import { Ask } from "./ask.js";
import { downloads } from "./card.js";
import { $, announce, el } from "./dom.js";
import { listenToKeys, showKeys } from "./keys.js";
import { List } from "./list.js";
import { Player } from "./player.js";
import { Timeline } from "./timeline.js";
import { clock } from "./times.js";
import { onLanguage, switchLanguage, t, translate } from "./words.js";

const STATUS_MS = 8000;
const BUSY_MS = 1500;

const list = new List();
const player = new Player($("film"), $("still"), $("cannot"));
const timeline = new Timeline($("timeline"), {
  onSeek: (ms) => player.seek(ms),
  onPlay: (ms) => player.playFrom(ms),
});
const ask = new Ask(player, timeline);
let opened = null; // what the server says of the open video
let opening = new AbortController();
let status = null;

player.onTime = () => {
  timeline.now(player.ms, player.playing);
  ask.now();
};

// Between the browser's own reports, which are four a second, the playhead moves on.
function follow() {
  if (player.playing) timeline.now(player.ms, true);
  requestAnimationFrame(follow);
}

function welcome(title, hint, retry = null, kind = "status") {
  $("welcome").replaceChildren(el("h1", { text: title }), hint ? el("p", { class: "hint", text: hint }) : "",
    retry ? el("button", { type: "button", class: "primary", text: t("retry"), on: { click: retry } }) : "");
  $("welcome").setAttribute("role", kind);
  $("welcome").hidden = false;
  $("video").hidden = true;
}

function welcomeEmpty() {
  if (list.videos.length) welcome(t("choose"), t("chooseHint"));
  else welcome(t("noVideos"), t("noVideosHint"));
}

const asked = () => new URLSearchParams(location.hash.slice(1));

async function route() {
  const id = asked().get("v");
  const seconds = Number(asked().get("t") ?? NaN);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : null;
  document.body.dataset.view = id ? "video" : "list";
  if (opened && opened.id === id) {
    if (ms !== null) player.playFrom(ms);
    return;
  }
  opening.abort();
  opening = new AbortController();
  list.mark(id);
  opened = null;
  player.close();
  if (!id) {
    document.title = "qvtime";
    welcomeEmpty();
    return;
  }
  welcome(t("loading"), list.videos.find((one) => one.id === id)?.name ?? "");
  try {
    await open(id, ms, opening.signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Trouble)) throw error;
    if (error.kind === "Unreachable") welcome(t("unreachable"), "", route, "alert");
    else welcome(t("cannotOpen"), [error.message, error.hint].filter(Boolean).join(" — "), null, "alert");
  }
}

async function open(id, ms, signal) {
  const found = await get(video(id), signal);
  opened = found;
  $("welcome").hidden = true;
  $("video").hidden = false;
  document.title = `${found.name} – qvtime`;
  $("name").textContent = found.name;
  player.open(id, found.duration_ms, `${video(id)}/file`);
  timeline.open(id, found.duration_ms);
  ask.open(id);
  writeFacts();
  showEvents(found.timeline);
  if (ms !== null) player.seek(ms);
  announce(found.name);
  const indexed = found.timeline?.events.filter((event) => event.source === "subtitle") ?? [];
  const cues = indexed.length
    ? indexed.map((event) => ({ start_ms: event.start_ms, end_ms: event.end_ms, text: event.caption }))
    : (await get(`${video(id)}/subtitles`, signal)).subtitles;
  timeline.setSubtitles(cues.map((cue) => ({ ...cue, caption: cue.text })));
  player.setSubtitles(cues, t("subtitles"));
}

function showEvents(report) {
  timeline.setEvents(report?.events.filter((event) => event.source === "seen") ?? []);
}

function writeFacts() {
  if (!opened) return;
  const report = opened.timeline;
  $("facts").textContent = [
    clock(opened.duration_ms), `${opened.width_px}×${opened.height_px}`, opened.codec,
    report ? t("statusIndexed", { n: report.events.filter((event) => event.source === "seen").length }) : t("statusNew"),
  ].join(" · ");
  $("facts").title = opened.error?.message ?? "";
  $("downloads").hidden = !report;
  $("downloads").replaceChildren(report ? downloads(`${video(opened.id)}/timeline`) : "");
}

function writeModel() {
  if (!status) return;
  const { name, state, device, note } = status.model;
  const words = { unloaded: "modelUnloaded", loading: "modelLoading", ready: "modelReady", failed: "modelFailed", none: "modelNone" };
  $("model").dataset.state = state;
  $("model").textContent = state === "none" ? t("modelNone") : `${name.split("/").at(-1)} · ${t(words[state])}`;
  $("model").title = [name, device, note, name === "demo" ? t("demo") : null].filter(Boolean).join(" · ");
  ask.setModel(status.model);
}

function writeIndexing() {
  const running = status?.indexing ?? [];
  $("indexing").hidden = !running.length;
  $("indexing").replaceChildren(...running.map((one) => el("div", {},
    el("strong", { text: t("indexing", { done: one.videos_done, total: one.videos_total ?? "…" }) }),
    one.video ? el("span", { text: t("indexingVideo", { video: one.video, n: one.windows_done + 1, all: one.windows_total }) }) : "",
    el("progress", { "aria-label": t("indexing", { done: one.videos_done, total: one.videos_total ?? "…" }), ...(one.videos_total && { max: one.videos_total, value: one.videos_done }) }))));
}

async function refreshOpened() {
  if (!opened) return;
  const listed = list.videos.find((one) => one.id === opened.id);
  if (!listed || listed.status !== "indexed" || opened.timeline) return;
  const found = await get(video(opened.id), opening.signal);
  if (opened?.id !== found.id) return;
  opened = found;
  showEvents(found.timeline);
  writeFacts();
}

async function watch() {
  let busy = false;
  try {
    status = await get("/api/status");
    writeModel();
    writeIndexing();
    busy = status.model.state === "loading" || (status.indexing ?? []).length > 0;
    if (!document.hidden || !list.problems) { // a tab in the background has its first list too
      await list.load();
      if (!$("welcome").hidden && !asked().get("v")) welcomeEmpty();
      await refreshOpened();
    }
  } catch (error) {
    if (error instanceof Trouble) {
      $("model").dataset.state = "failed";
      $("model").textContent = error.kind === "Unreachable" ? t("unreachable") : error.message;
    } else if (error.name !== "AbortError") throw error;
  } finally {
    setTimeout(watch, busy ? BUSY_MS : STATUS_MS);
  }
}

function theme() {
  const order = ["", "light", "dark"];
  const next = order[(order.indexOf(document.documentElement.dataset.theme ?? "") + 1) % order.length];
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* kept for this page only */ }
  timeline.draw();
}

function start() {
  try { document.documentElement.dataset.theme = localStorage.getItem("theme") ?? ""; } catch { /* as the system */ }
  translate();
  ask.write();
  listenToKeys(player, timeline);
  onLanguage(() => {
    list.draw();
    ask.write();
    ask.draw();
    writeFacts();
    writeModel();
    writeIndexing();
    if (!$("welcome").hidden && !asked().get("v")) welcomeEmpty();
    timeline.draw();
  });
  $("language").addEventListener("click", switchLanguage);
  $("theme").addEventListener("click", theme);
  $("help").addEventListener("click", showKeys);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => timeline.draw());
  $("search").addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = $("search-words").value.trim();
    if (!words) {
      list.clear();
      return;
    }
    try {
      const count = await list.search(words);
      if (document.body.dataset.view === "video" && matchMedia("(max-width: 760px)").matches) location.hash = "";
      announce(count ? t("hits", { words }) : t("noHits"));
    } catch (error) {
      $("hits").replaceChildren(el("p", { class: "trouble", role: "alert", text: error.message || t("unreachable") }));
      $("hits").hidden = false;
    }
  });
  $("search-words").addEventListener("input", () => $("search-words").value || list.clear());
  window.addEventListener("hashchange", route);
  $("side").addEventListener("click", (event) => {
    const entry = event.target.closest(".entry");
    if (entry?.hash === location.hash) route(); // the same moment once more changes no address
  });
  follow();
  watch().then(route);
}

start();

// One player: the browser's own where it can play the file, else the video's pictures one by one.

import { picture } from "./api.js";
import { $ } from "./dom.js";
import { t } from "./words.js";

const STILL_STEP_MS = 500;
const STILL_WIDTH_PX = 960;

export class Player {
  constructor(film, still, cannot) {
    this.film = film;
    this.still = still;
    this.cannot = cannot;
    this.id = null;
    this.durationMs = 0;
    this.stillMs = null; // the moment of the pictures; null while the browser plays
    this.timer = null;
    this.onTime = () => {};
    for (const kind of ["timeupdate", "seeking", "seeked", "play", "pause", "loadedmetadata"]) {
      film.addEventListener(kind, () => this.onTime());
    }
    film.addEventListener("error", () => this.id && this.stillMs === null && this.showStills());
    $("still-play").addEventListener("click", () => this.toggle());
    // A file whose pictures the browser does not know plays as sound alone.
    film.addEventListener("loadedmetadata", () => {
      if (this.id && this.stillMs === null && film.videoWidth === 0) this.showStills();
    });
  }

  open(id, durationMs, address) {
    this.close();
    this.id = id;
    this.durationMs = durationMs;
    this.film.poster = picture(id, 0, 640);
    this.film.src = address;
  }

  close() {
    clearInterval(this.timer);
    this.timer = null;
    this.id = null;
    this.stillMs = null;
    this.still.hidden = this.cannot.hidden = $("still-play").hidden = true;
    this.film.hidden = false;
    this.film.pause();
    this.film.removeAttribute("src");
    this.film.load();
  }

  showStills() {
    const at = this.ms;
    this.stillMs = at;
    this.film.hidden = true;
    this.still.hidden = this.cannot.hidden = $("still-play").hidden = false;
    this.cannot.textContent = t("cannotPlay");
    this.draw();
  }

  draw() {
    this.still.src = picture(this.id, this.stillMs, STILL_WIDTH_PX);
    this.still.alt = $("name").textContent;
    this.write();
    this.onTime();
  }

  // The button of the pictures, which have no controls of the browser's.
  write() {
    $("still-play").textContent = this.playing ? "❚❚" : "▶";
  }

  get ms() {
    return this.stillMs ?? Math.round(this.film.currentTime * 1000);
  }

  get playing() {
    return this.stillMs === null ? !this.film.paused : this.timer !== null;
  }

  seek(ms) {
    const at = Math.min(Math.max(0, ms), Math.max(0, this.durationMs - 1));
    if (this.stillMs === null) {
      this.film.currentTime = at / 1000;
    } else {
      this.stillMs = at;
      this.draw();
    }
    this.onTime();
  }

  play() {
    if (this.stillMs === null) {
      this.film.play().catch(() => {}); // refused, or another video by now: the controls show it
    } else if (this.timer === null) {
      this.timer = setInterval(() => {
        if (this.stillMs + STILL_STEP_MS >= this.durationMs) this.pause();
        else this.seek(this.stillMs + STILL_STEP_MS);
      }, STILL_STEP_MS);
      this.write();
    }
  }

  pause() {
    this.film.pause();
    clearInterval(this.timer);
    this.timer = null;
    this.write();
    this.onTime();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  playFrom(ms) {
    this.seek(ms);
    this.play();
  }

  // What is said in the video, for the player's own subtitle button.
  setSubtitles(cues, label) {
    for (const track of this.film.textTracks) {
      track.mode = "disabled";
      for (const cue of [...(track.cues ?? [])]) track.removeCue(cue);
    }
    if (!cues.length) return;
    const track = this.film.textTracks[0] ?? this.film.addTextTrack("subtitles", label);
    track.mode = "hidden";
    for (const cue of cues) {
      const shown = new VTTCue(cue.start_ms / 1000, cue.end_ms / 1000, cue.text.replace(/&/g, "&amp;").replace(/</g, "&lt;"));
      track.addCue(shown);
    }
  }
}

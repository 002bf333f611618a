// Times in the player's milliseconds, as people read and write them.

// 2:48, 1:02:03; with a tenth where `tenths` and it is not zero.
export function clock(ms, tenths = false) {
  const all = tenths ? Math.round(ms / 100) : Math.floor(ms / 1000) * 10;
  const seconds = Math.floor(all / 10);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (n) => String(n).padStart(2, "0");
  const tail = tenths && all % 10 ? `.${all % 10}` : "";
  const head = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  return `${head}:${two(seconds % 60)}${tail}`;
}

// A clock that counts up to `ms`, as players count: after 9.96 s it is not yet at ten.
export const counted = (ms) => clock(Math.floor(ms / 100) * 100, true);

// HH:MM:SS.s as in an answer's tags, in milliseconds.
export function tagged(text) {
  const parts = text.split(":").map(Number);
  if (!parts.length || parts.some((part) => !Number.isFinite(part))) return null;
  return Math.round(parts.reduce((sum, part) => sum * 60 + part, 0) * 1000);
}

const STEPS = [100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000,
  600000, 900000, 1800000, 3600000, 7200000, 14400000, 21600000];

// The finest step of a ruler that is at least `ms` long.
export const rulerStep = (ms) => STEPS.find((step) => step >= ms) ?? STEPS.at(-1);

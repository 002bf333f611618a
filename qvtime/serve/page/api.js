// The server's API: answers as values, errors as Trouble with words for people.

export class Trouble extends Error {
  constructor(fields, status = 0) {
    super(fields.message);
    this.hint = fields.hint ?? null;
    this.kind = fields.error ?? null;
    this.status = status;
  }
}

async function check(response) {
  if (response.ok) return response;
  let fields = { message: `${response.status} ${response.statusText}` };
  try { fields = await response.json(); } catch { /* no words from the server */ }
  throw new Trouble(fields, response.status);
}

async function reach(address, options) {
  try {
    return await check(await fetch(address, options));
  } catch (error) {
    if (error instanceof Trouble || error.name === "AbortError") throw error;
    throw new Trouble({ error: "Unreachable", message: "" });
  }
}

export const get = async (address, signal) => (await reach(address, { signal })).json();

// The messages that a question is answered with, as they come.
export async function* stream(address, fields, signal) {
  const response = await reach(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fields),
    signal,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
  }
}

export const video = (id) => `/api/videos/${encodeURIComponent(id)}`;
export const picture = (id, ms, width) => `${video(id)}/picture?at_ms=${Math.max(0, Math.round(ms))}&width_px=${width}`;

// The live state, second by second: one fetch that is read as it comes, as EventSource cannot send a token.

import { secret } from "./access.js";
import { explain } from "./troubles.js";

/** Without an event for so long, the node or the way to it is gone. */
const SILENCE_MS = 4000;
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];

/**
 * Watches for as long as the page is open.
 * `told` gets `moment(object)` for each second, and `state(name, sentence, retryMs)`: `live`, `lost` or `locked`.
 */
export async function watch(told) {
  let failures = 0;
  for (;;) {
    const began = Date.now();
    const end = await follow(told);
    if (end.isLocked) {
      told.state("locked", end.sentence);
      await secret.given();
      failures = 0;
      continue;
    }
    failures = end.hadEvents ? 0 : failures + 1;
    const pause = Math.max(end.waitMs ?? 0, PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] * (0.8 + 0.4 * Math.random()));
    told.state("lost", end.sentence, pause, began);
    await Promise.race([new Promise((done) => setTimeout(done, pause)), new Promise((done) => addEventListener("online", done, { once: true }))]);
  }
}

/** One connection from its beginning to its end, and why it ended. */
async function follow(told) {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), SILENCE_MS);
  let hadEvents = false;
  try {
    const headers = secret.isNeeded ? secret.headers() : {};
    const answer = await fetch("/admin/live/stream", { headers, cache: "no-store", signal: controller.signal });
    if (!answer.ok) {
      const isLocked = answer.status === 401 || answer.status === 403;
      if (isLocked) secret.isNeeded = true;
      return { isLocked, sentence: await explain(answer), waitMs: 1000 * Number(answer.headers.get("retry-after") ?? 0) };
    }
    for await (const data of events(answer.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), SILENCE_MS);
      if (!hadEvents) told.state("live");
      hadEvents = true;
      told.moment(JSON.parse(data));
    }
  } catch (cause) {
    // A connection that breaks looks like any other end of it; a mistake of ours must not.
    if (cause instanceof SyntaxError || cause instanceof ReferenceError) throw cause;
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
  return { hadEvents };
}

/** The data of each event (HTML standard, §9.2), as far as this server writes it: one line of data, an empty line. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      if (part.startsWith("data: ")) yield part.slice(6);
    }
  }
}

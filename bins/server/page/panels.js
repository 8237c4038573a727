// The tables and facts below the picture, and the sentence above it that says whether all is well.

import { bytes, clock, count, duration, element, rate, span, write } from "./figures.js";
import { svg } from "./sparkline.js";

const ROWS = 10;
/** From which delay on it is slow, and from which it is bad, in milliseconds. */
const BOUNDS = { redis: [10, 100], backplane: [1000, 5000], outbox: [1000, 10_000], wait: [10, 250] };
const SIGNS = { good: "✓", slow: "!", bad: "✕", unknown: "…" };

/** `level` is `good`, `slow`, `bad` or `unknown`; the words say the same to who sees no colors. */
function mark(node, level, words) {
  node.dataset.level = level;
  write(node, words);
}

/** What is out of bounds, and for how many seconds in a row: one slow second is no trouble. */
const lasting = new Map();
const LASTING_S = 3;
const COMPLAINTS = {
  redis: { slow: "Redis answers slowly", bad: "Redis does not answer, or far too slowly" },
  backplane: { slow: "This node hears late of changes by other nodes", bad: "This node has not heard of changes by other nodes for long" },
  outbox: { slow: "Changes wait in the outbox for more than a second", bad: "Changes wait in the outbox for more than ten seconds" },
  pool: { bad: "Callers wait for connections to the database" },
};

function note(name, level) {
  lasting.set(name, COMPLAINTS[name][level] ? { level, seconds: (lasting.get(name)?.seconds ?? 0) + 1 } : { level, seconds: 0 });
}

/** After the panels, whose states it sums up. */
export function showVerdict({ warnings }) {
  const seen = [...lasting].filter(([, { seconds }]) => seconds >= LASTING_S).map(([name, { level }]) => COMPLAINTS[name][level]);
  const said = [...warnings, ...seen];
  const words = said.length === 0 ? "All is well" : said.length === 1 ? "One warning" : `${said.length} warnings`;
  judge(said.length ? "slow" : "good", words);
  const list = element("warnings");
  if ([...list.children].map((item) => item.textContent).join("\n") === said.join("\n")) return;
  list.replaceChildren(...said.map((warning) => {
    const item = document.createElement("li");
    item.textContent = warning;
    return item;
  }));
}

export function judge(level, words) {
  element("verdict").dataset.level = level;
  write("verdict-sign", SIGNS[level]);
  write("verdict-text", words);
  document.title = level === "good" ? "Larder" : `${words} · Larder`;
}

export function showHottest(hottest) {
  const body = element("hottest");
  while (body.children.length < ROWS) body.append(row());
  const most = Math.max(...hottest.map((hot) => hot.per_second), 1);
  [...body.children].forEach((line, index) => {
    const hot = hottest[index];
    line.hidden = !hot;
    if (!hot) return;
    const link = line.querySelector("a");
    write(link, String(hot.id));
    link.setAttribute("href", `#product=${hot.id}`);
    link.setAttribute("aria-label", `Look up product ${hot.id}`);
    write(line.querySelector(".number"), rate(hot.per_second));
    line.querySelector("rect").setAttribute("width", `${(100 * hot.per_second / most).toFixed(1)}%`);
  });
  element("hottest-none").hidden = hottest.length > 0;
}

function row() {
  const line = document.createElement("tr");
  const [name, number, compared] = ["th", "td", "td"].map((kind) => line.appendChild(document.createElement(kind)));
  name.scope = "row";
  name.append(document.createElement("a"));
  number.className = "number";
  const bar = compared.appendChild(svg("svg", { class: "compared", "aria-hidden": "true" }));
  bar.append(svg("rect", { height: "100%", rx: 2 }));
  return line;
}

export function showPool({ max, in_use: used, idle, waiting, wait_ms: wait }) {
  const level = waiting > 0 || wait >= BOUNDS.wait[1] ? "bad" : wait >= BOUNDS.wait[0] || used >= max ? "slow" : "good";
  const words = { good: "Enough for everybody", slow: used >= max ? "All in use" : "Callers wait a little", bad: `${count(waiting)} callers wait for one` };
  mark(element("pool-state"), level, words[level]);
  note("pool", level);
  const facts = { used: count(used), idle: count(idle), max: count(max), waiting: count(waiting), wait: span(wait) };
  for (const [name, text] of Object.entries(facts)) write(`pool-${name}`, text);
  const bar = element("pool-bar");
  const places = Math.min(max, 64);
  while (bar.children.length < places) bar.append(svg("rect", { y: 0, height: "100%", rx: 2 }));
  const inUse = Math.ceil(used * places / Math.max(max, 1));
  const open = Math.ceil((used + idle) * places / Math.max(max, 1));
  [...bar.children].forEach((place, index) => {
    place.setAttribute("x", `${(100 * index / places).toFixed(2)}%`);
    place.setAttribute("width", `${Math.max(0.5, 100 / places - 1).toFixed(2)}%`);
    place.setAttribute("class", index < inUse ? "used" : index < open ? "idle" : "closed");
  });
}

export function showLags({ redis, backplane, outbox }) {
  const trip = redis?.round_trip_ms;
  lag("redis", trip, redis ? (redis.connected ? null : ["bad", "no answer"]) : ["unknown", "not used"]);
  lag("backplane", backplane.heard_ago_ms, redis ? null : ["unknown", "not used"], " ago");
  // Without Redis there is nobody to tell.
  const told = redis ? outbox : null;
  lag("outbox", told?.lag_ms, redis ? (outbox ? null : ["unknown", "not looked at yet"]) : ["unknown", "not used"]);
  const pending = told ? `${count(outbox.pending)} ${outbox.pending === 1 ? "change waits" : "changes wait"} to be told. ` : "";
  write("doubts", `${pending}${count(backplane.doubts)} ${backplane.doubts === 1 ? "key" : "keys"} in doubt.`);
}

function lag(name, milliseconds, special, after = "") {
  const place = element(`lag-${name}`);
  const [slow, bad] = BOUNDS[name];
  const level = special ? special[0] : milliseconds == null ? "unknown" : milliseconds < slow ? "good" : milliseconds < bad ? "slow" : "bad";
  const words = special ? special[1] : { unknown: "not known yet", good: `good, below ${span(slow).replace(".0 ", " ").replace(".00 ", " ")}`, slow: "slow", bad: "far behind" }[level];
  write(place.querySelector(".value"), milliseconds == null ? "–" : span(milliseconds) + after);
  mark(place.querySelector(".state"), level, words);
  note(name, level);
  const picture = place.querySelector("svg");
  const bar = picture.firstChild ?? picture.appendChild(svg("rect", { height: "100%", rx: 2 }));
  // The whole bar is the bound of what is bad, on a scale on which one millisecond can be seen.
  const part = milliseconds == null ? 0 : Math.min(1, Math.log10(1 + milliseconds) / Math.log10(1 + bad));
  bar.setAttribute("width", `${(100 * part).toFixed(1)}%`);
  bar.setAttribute("class", level);
}

export function showNode({ node, at }) {
  write("node-brief", `version ${node.version}, up for ${duration(node.uptime_ms)}`);
  write("node-version", node.version);
  write("node-uptime", duration(node.uptime_ms));
  write("node-memory", bytes(node.rss_bytes));
  write("node-workers", count(node.workers));
  write("node-at", clock(new Date(at)));
}

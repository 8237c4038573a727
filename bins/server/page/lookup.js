// One product in every level, and making every node forget it.

import { secret } from "./access.js";
import { bytes, count, element, NONE, span, write } from "./figures.js";
import { explain, OFFLINE } from "./troubles.js";

const STATES = { held: "held", absent: "absent", unused: "not used", unreachable: "does not answer", garbage: "not understood", present: "present" };
const STANDINGS = { fresh: "", unconfirmed: ", not confirmed", stale: ", stale", refused: ", refused" };

/** Only the newest question may write its answer. */
let question = 0;

export function start() {
  element("lookup-form").addEventListener("submit", (event) => {
    event.preventDefault();
    lookUp();
  });
  element("invalidate").addEventListener("click", invalidate);
  addEventListener("hashchange", followLink);
  followLink();
}

/** `#product=42`, as the table of the hottest links to. */
function followLink() {
  const id = /^#product=(\d+)$/.exec(location.hash)?.[1];
  if (!id) return;
  element("product").value = id;
  element("lookup").scrollIntoView();
  element(element("token").value.trim() ? "product" : "token").focus({ preventScroll: true });
  if (element("token").value.trim()) lookUp();
  else say(`Type the admin token, then look product ${id} up.`);
}

function say(sentence) {
  write("lookup-note", sentence);
}

/** The id in the field, or null after saying what is wrong with it. */
function chosen() {
  const id = element("product").value.trim();
  if (/^[1-9]\d{0,18}$/.test(id)) return id;
  say("A product id is a whole number, from 1 on.");
  element("product").setAttribute("aria-invalid", "true");
  element("product").focus();
  return null;
}

/** The JSON of an answer; null after saying what went wrong. */
async function ask(path, options) {
  try {
    const answer = await fetch(path, { cache: "no-store", ...options, headers: { ...secret.headers(), ...options?.headers } });
    if (answer.ok) return await answer.json();
    say(await explain(answer));
  } catch {
    say(OFFLINE);
  }
  return null;
}

async function lookUp(done = "") {
  const id = chosen();
  if (!id) return;
  element("product").removeAttribute("aria-invalid");
  const asked = ++question;
  const report = await ask(`/admin/cache/product/${id}`);
  if (asked !== question) return;
  element("result").hidden = !report;
  if (!report) return;
  show(report);
  const held = [["L1", report.l1], ["L2", report.l2]].filter(([, level]) => level.state === "held").map(([name]) => name);
  const where = held.length ? `held in ${held.join(" and ")}` : "in no cache";
  say(`${done}Product ${id} is ${where}, and ${STATES[report.database?.state] ?? "unknown"} in the database.`);
}

async function invalidate() {
  const id = chosen();
  if (!id) return;
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ cache: "product", key: id });
  const answer = await ask("/admin/cache/invalidate", { method: "POST", headers, body });
  if (!answer) return;
  const queued = answer.queued > 0 ? ` Redis has not taken ${count(answer.queued)} of the invalidations yet; they are repeated.` : "";
  await lookUp(`Every node was told to forget product ${id}.${queued} `);
}

function show(report) {
  write("result-title", `Product ${report.key}${name(report)}`);
  const rows = [["L1, memory of this node", report.l1], ["L2, Redis", report.l2], ["Database", report.database ?? { state: NONE }]];
  element("levels").replaceChildren(...rows.map(([level, found]) => row(level, found)));
  const tags = (report.l1.tags ?? report.l2.tags ?? []).join(", ");
  write("result-tags", tags ? `Tags: ${tags}` : "");
  const value = report.database?.value ?? report.l1.value ?? report.l2.value ?? null;
  write("result-value", value ? JSON.stringify(value, null, 2) : "There is none.");
}

function name({ database, l1, l2 }) {
  const found = database?.value?.name ?? l1.value?.name ?? l2.value?.name;
  return found ? `: ${found}` : "";
}

function row(level, found) {
  const line = document.createElement("tr");
  const isHeld = found.state === "held";
  const state = isHeld && found.is_absence ? "holds that there is none" : STATES[found.state] ?? found.state;
  const agrees = { true: "yes", false: "no, differs" }[found.agrees_with_database] ?? NONE;
  const cells = [state + (isHeld ? STANDINGS[found.standing] ?? "" : ""), found.version ?? NONE, isHeld ? span(found.age_ms) : NONE,
    isHeld ? span(found.fresh_for_ms) : NONE, isHeld ? bytes(found.bytes) : NONE, isHeld ? agrees : NONE];
  const head = line.appendChild(document.createElement("th"));
  head.scope = "row";
  head.textContent = level;
  cells.forEach((text, index) => {
    const cell = line.appendChild(document.createElement("td"));
    cell.textContent = String(text);
    if (index >= 1 && index <= 4) cell.className = "number";
  });
  line.dataset.state = found.state;
  return line;
}

// The page for people: what the node tells of itself each second, put where it belongs.

import * as access from "./access.js";
import { clock, element, percent, rate, span, write } from "./figures.js";
import { Flow } from "./flow.js";
import * as lookup from "./lookup.js";
import { judge, showHottest, showLags, showNode, showPool, showVerdict } from "./panels.js";
import { Sparkline } from "./sparkline.js";
import { watch } from "./stream.js";

const MINUTE = 60;
/** From this share on a cache does its work, as /health judges. */
const HEALTHY = 0.7;

const flow = new Flow();
const sparks = {
  rate: new Sparkline(element("rate-spark"), ["ink"]),
  latency: new Sparkline(element("latency-spark"), ["ink", "slow"]),
  hits: new Sparkline(element("hits-spark"), ["ink"], { top: 1, threshold: HEALTHY }),
};
let history = [];
let lastAt = null;
let countdown = 0;

function moment(now) {
  history = now.history ?? [...history, now].slice(-MINUTE);
  lastAt = new Date(now.at);
  showTiles(now);
  flow.show(now);
  showHottest(now.hottest);
  showPool(now.pool);
  showLags(now);
  showVerdict(now);
  showNode(now);
}

function showTiles(now) {
  const rates = history.map((pulse) => pulse.requests_per_second);
  write("rate", rate(now.requests_per_second));
  write("rate-peak", `at most ${rate(Math.max(...rates))} in the last minute`);
  write("p50", span(now.latency_ms.p50));
  write("p99", span(now.latency_ms.p99));
  write("hits", percent(now.hit_ratio));
  write("hits-judgement", now.hit_ratio == null ? "no look-ups in the last minute" : `last minute: ${now.hit_ratio > HEALTHY ? "healthy, above" : "low, healthy is above"} 70 %`);
  sparks.rate.draw([rates]);
  sparks.latency.draw([history.map((pulse) => pulse.latency_ms.p50), history.map((pulse) => pulse.latency_ms.p99)]);
  sparks.hits.draw([history.map((pulse) => pulse.hit_ratio)]);
}

const told = {
  moment,
  state(name, sentence, retryMs) {
    const changed = document.body.dataset.state !== name;
    document.body.dataset.state = name;
    clearInterval(countdown);
    write("retry", "");
    if (name === "live") write("connection", "Live");
    if (name === "locked") lock(sentence);
    if (name === "lost") lose(sentence, retryMs, changed);
  },
};

let lostSince = "";

/** A person is told once; the seconds until the next attempt tick silently. */
function lose(sentence, retryMs, isNew) {
  if (isNew) lostSince = clock(lastAt ?? new Date());
  flow.pause();
  write("connection", `No connection since ${lostSince}`);
  judge("bad", sentence ?? "No connection to the node");
  element("warnings").replaceChildren();
  const due = Date.now() + retryMs;
  const tick = () => write("retry", `next attempt in ${Math.max(0, Math.ceil((due - Date.now()) / 1000))} s`);
  tick();
  countdown = setInterval(tick, 1000);
}

function lock(sentence) {
  flow.pause();
  write("connection", "For admins only");
  judge("unknown", "The figures of this node are for admins");
  access.ask(sentence);
  element("token").focus();
}

access.start();
lookup.start();
watch(told);

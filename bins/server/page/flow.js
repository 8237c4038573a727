// Where answers come from: for each level a lane as wide as its share, which runs from the clients to that level and no further.

import { Dots } from "./dots.js";
import { count, element, percent, rate, write } from "./figures.js";
import { svg } from "./sparkline.js";

const HEIGHT = 168;
const PADDING = 10;
/** How much of the way to a new share is left after a second. */
const EASE = 0.02;
/** A share that there is can be seen. */
const THINNEST = 3;
const TEXT_EVERY_MS = 10_000;

/** From the top; `end` is where the level stands, as a part of the width. */
const LANES = [
  { name: "l1", end: 1 / 3, words: "from memory (L1)" },
  { name: "stale", end: 1 / 3, words: "from memory, but stale" },
  { name: "l2", end: 2 / 3, words: "from Redis (L2)" },
  { name: "database", end: 1, words: "from the database" },
];

export class Flow {
  #picture = element("flow");
  #bands = new Map();
  #shown = { l1: 0, stale: 0, l2: 0, database: 0 };
  #wanted = { ...this.#shown };
  #width = 900;
  #told = 0;
  #dots;

  constructor() {
    this.track = this.#picture.appendChild(svg("rect", { class: "track", x: 3, y: PADDING, height: HEIGHT - 2 * PADDING }));
    const lanes = this.#picture.appendChild(svg("g", {}));
    for (const { name } of LANES) this.#bands.set(name, lanes.appendChild(svg("path", { class: `band ${name}` })));
    this.bars = ["clients", "l1", "l2", "database"].map((name) => this.#picture.appendChild(svg("rect", { class: `level ${name}`, y: 0, width: 6, height: HEIGHT, rx: 3 })));
    this.nothing = this.#picture.appendChild(svg("text", { class: "nothing", y: HEIGHT / 2, "text-anchor": "middle" }));
    this.#dots = new Dots(this.#picture.appendChild(svg("g", { class: "dots" })), (seconds) => this.#ease(seconds));
    new ResizeObserver(([entry]) => this.#resize(entry.contentRect.width)).observe(this.#picture);
  }

  /** One more second. */
  show(moment) {
    this.#wanted = moment.share;
    const perSecond = moment.requests_per_second;
    this.#dots.rate = perSecond;
    if (this.#dots.isStill) {
      this.#shown = { ...this.#wanted };
      this.#draw();
    }
    this.#dots.start();
    this.#label(moment);
    const worth = Dots.worth(perSecond);
    write("flow-legend", this.#dots.isStill ? "each lane is as wide as its share" : `one dot is ${worth === 1 ? "one request" : `${count(worth)} requests`}`);
  }

  /** No figures come: nothing moves. */
  pause() {
    this.#dots.stop();
  }

  #label({ share, requests_per_second: perSecond, redis }) {
    const isSilent = !(share.l1 + share.l2 + share.database + share.stale > 0);
    const each = (part) => isSilent ? "\u00a0" : `${rate(Math.round(10 * part * perSecond) / 10)}/s`;
    const known = (part) => isSilent ? "–" : percent(part);
    write("share-l1", known(share.l1 + share.stale));
    write("flow-l1", share.stale > 0 ? `${percent(share.stale)} stale` : each(share.l1));
    write("share-l2", redis ? known(share.l2) : "–");
    write("flow-l2", redis ? (redis.connected ? each(share.l2) : "no answer") : "not used");
    write("share-database", known(share.database));
    write("flow-database", each(share.database));
    this.#picture.classList.toggle("without-l2", !redis);
    this.nothing.textContent = isSilent ? "No look-ups in the last second" : "";
    if (Date.now() - this.#told < TEXT_EVERY_MS) return;
    this.#told = Date.now();
    const parts = LANES.filter(({ name }) => share[name] > 0).map(({ name, words }) => `${percent(share[name])} ${words}`);
    write("flow-text", isSilent ? "No look-ups in the last second." : `Of ${rate(perSecond)} requests a second: ${parts.join(", ")}.`);
  }

  #ease(seconds) {
    const left = EASE ** seconds;
    for (const { name } of LANES) this.#shown[name] = this.#wanted[name] + (this.#shown[name] - this.#wanted[name]) * left;
    return this.#draw();
  }

  /** Draws the lanes, and answers where they are. */
  #draw() {
    const room = HEIGHT - 2 * PADDING;
    const whole = LANES.reduce((sum, { name }) => sum + this.#shown[name], 0);
    let top = PADDING;
    return LANES.map(({ name, end }) => {
      const share = this.#shown[name];
      const height = share < 0.0005 || whole < 0.01 ? 0 : Math.max(THINNEST, room * share / Math.max(whole, 1));
      // Bands meet without touching.
      const [right, bottom] = [end * this.#width - 5, Math.min(top + Math.max(0, height - 1), HEIGHT - 2)];
      const up = Math.min(top, bottom - 2);
      this.#bands.get(name).setAttribute("d", height ? `M3 ${up}H${right}V${bottom}H3Z` : "");
      const lane = { name, end: end - 8 / this.#width, share, top: up, height, width: this.#width };
      top += height;
      return lane;
    });
  }

  #resize(width) {
    this.#width = Math.max(width, 200);
    this.#picture.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    [0, 1 / 3, 2 / 3, 1].forEach((end, index) => this.bars[index].setAttribute("x", index ? end * this.#width - 6 : 0));
    this.track.setAttribute("width", this.#width - 6);
    this.nothing.setAttribute("x", this.#width / 2);
    this.#draw();
  }
}

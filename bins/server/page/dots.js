// The dots that run along the lanes: each stands for so many look-ups, so that the picture moves with the rate.

import { step, svg } from "./sparkline.js";

/** Dots that start in a second, at most. */
const DOTS_A_SECOND = 30;
/** Of the width, in a second. */
const SPEED = 0.3;
const MOST = 160;

export class Dots {
  #layer;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #dots = [];
  #frame = 0;
  #before = 0;
  #due = 0;
  /** What each lane is owed, so that few dots are shared out as fairly as many. */
  #owed = {};
  #perSecond = 0;
  #lanes = [];

  /** `beforeFrame` gets the seconds since the last frame, and answers the lanes as they are drawn. */
  constructor(layer, beforeFrame) {
    this.#layer = layer;
    this.beforeFrame = beforeFrame;
    this.#still.addEventListener("change", () => this.#still.matches ? this.stop() : this.start());
  }

  get isStill() {
    return this.#still.matches;
  }

  /** Look-ups that one dot stands for. */
  static worth(perSecond) {
    return Math.max(1, step(perSecond / DOTS_A_SECOND));
  }

  set rate(perSecond) {
    this.#perSecond = perSecond / Dots.worth(perSecond);
  }

  start() {
    if (this.isStill || this.#frame) return;
    this.#before = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#move(now));
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#dots = [];
    this.#layer.replaceChildren();
  }

  #move(now) {
    const seconds = Math.min(0.1, (now - this.#before) / 1000);
    this.#before = now;
    this.#lanes = this.beforeFrame(seconds);
    this.#due += seconds * this.#perSecond;
    for (; this.#due >= 1; this.#due -= 1) this.#add();
    this.#dots = this.#dots.filter((dot) => this.#advance(dot, seconds));
    this.#frame = requestAnimationFrame((later) => this.#move(later));
  }

  #add() {
    for (const lane of this.#lanes) this.#owed[lane.name] = (this.#owed[lane.name] ?? 0) + lane.share;
    const lane = this.#lanes.reduce((one, other) => this.#owed[other.name] > this.#owed[one.name] ? other : one);
    if (!(this.#owed[lane.name] > 0) || this.#dots.length >= MOST) return;
    this.#owed[lane.name] -= 1;
    const node = this.#layer.appendChild(svg("circle", { class: `dot ${lane.name}`, r: 2.5 }));
    this.#dots.push({ node, name: lane.name, x: 0, place: Math.random(), speed: SPEED * (0.85 + 0.3 * Math.random()) });
  }

  /** Whether the dot is still on its way. */
  #advance(dot, seconds) {
    dot.x += dot.speed * seconds;
    const lane = this.#lanes.find(({ name }) => name === dot.name);
    if (dot.x >= lane.end) {
      dot.node.remove();
      return false;
    }
    const room = Math.max(0, lane.height - 7);
    dot.node.setAttribute("cx", (dot.x * lane.width).toFixed(1));
    dot.node.setAttribute("cy", (lane.top + lane.height / 2 + (dot.place - 0.5) * room).toFixed(1));
    return true;
  }
}

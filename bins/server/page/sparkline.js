// The last minute as a small line: drawn anew each second, at a scale that only grows and shrinks in steps.

const NAMESPACE = "http://www.w3.org/2000/svg";
const POINTS = 60;
const HEIGHT = 48;

export function svg(name, attributes) {
  const node = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** Lines in one picture, each with a class; the first has its area filled. */
export class Sparkline {
  constructor(picture, classes, { top = null, threshold = null } = {}) {
    this.top = top;
    picture.setAttribute("viewBox", `0 0 ${POINTS - 1} ${HEIGHT}`);
    picture.setAttribute("preserveAspectRatio", "none");
    this.area = picture.appendChild(svg("path", { class: `area ${classes[0]}` }));
    if (threshold != null) {
      const y = HEIGHT * (1 - threshold);
      picture.appendChild(svg("path", { class: "threshold", d: `M0 ${y}H${POINTS - 1}` }));
    }
    this.lines = classes.map((name) => picture.appendChild(svg("path", { class: `line ${name}` })));
  }

  /** `series`: for each line its values, the newest last; null where there is none. */
  draw(series) {
    const top = this.top ?? step(Math.max(...series.flat().filter((value) => value != null), 0));
    series.forEach((values, index) => {
      const points = values.slice(-POINTS).map((value, at, all) => [POINTS - all.length + at, value]);
      this.lines[index].setAttribute("d", path(points, top));
      if (index === 0) this.area.setAttribute("d", filled(points, top));
    });
  }
}

const y = (value, top) => (HEIGHT - 2) * (1 - value / top) + 1;

/** Gaps stay gaps. */
function path(points, top) {
  let isOpen = false;
  return points.map(([x, value]) => {
    if (value == null) {
      isOpen = false;
      return "";
    }
    const order = isOpen ? "L" : "M";
    isOpen = true;
    return `${order}${x} ${y(value, top).toFixed(2)}`;
  }).join("");
}

function filled(points, top) {
  const known = points.filter(([, value]) => value != null);
  if (known.length < 2) return "";
  return `${path(known, top)}L${known.at(-1)[0]} ${HEIGHT}L${known[0][0]} ${HEIGHT}Z`;
}

/** The next of 1, 2, 5, 10, 20, 50 …, so that the scale stays put while values wander. */
export function step(value) {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * decade).find((bound) => bound >= value * 0.999) ?? 10 * decade;
}

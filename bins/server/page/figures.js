// How numbers, times and states are written: fixed digits, so that nothing jumps while they tick.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const NONE = "–";

export function rate(perSecond) {
  if (perSecond == null) return NONE;
  return perSecond > 0 && perSecond < 99.95 ? tenths.format(perSecond) : whole.format(perSecond);
}

export function count(number) {
  return number == null ? NONE : whole.format(number);
}

export function percent(share) {
  if (share == null) return NONE;
  return share === 0 || share === 1 ? `${100 * share} %` : `${tenths.format(100 * share)} %`;
}

export function span(milliseconds) {
  if (milliseconds == null) return NONE;
  if (milliseconds === 0) return "0 ms";
  if (milliseconds < 10) return `${hundredths.format(milliseconds)} ms`;
  if (milliseconds < 1000) return `${whole.format(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${tenths.format(milliseconds / 1000)} s`;
  return duration(milliseconds);
}

/** Of minutes and more: the two largest units. */
export function duration(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [[Math.floor(seconds / 86_400), "d"], [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  const first = Math.max(0, parts.findIndex(([amount]) => amount > 0));
  return seconds < 1 ? "0 s" : parts.slice(first, first + 2).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

export function bytes(amount) {
  if (amount == null) return NONE;
  if (amount < 1024) return `${whole.format(amount)} B`;
  if (amount < 1024 ** 2) return `${tenths.format(amount / 1024)} KiB`;
  if (amount < 1024 ** 3) return `${tenths.format(amount / 1024 ** 2)} MiB`;
  return `${tenths.format(amount / 1024 ** 3)} GiB`;
}

/** The time of day, hh:mm:ss. */
export function clock(date) {
  return date.toLocaleTimeString("en-GB");
}

export function element(id) {
  return document.getElementById(id);
}

/** Writes only what changed: what stays the same is neither drawn nor read out again. */
export function write(target, text) {
  const node = typeof target === "string" ? element(target) : target;
  if (node.textContent !== text) node.textContent = text;
}

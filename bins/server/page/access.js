// The admin token: typed by a person, held in this module's memory, and gone with the page.

import { element, write } from "./figures.js";
import { explain, OFFLINE } from "./troubles.js";

const waiting = [];

export const secret = {
  /** Whether the live state is for admins here. */
  isNeeded: false,
  headers() {
    const token = element("token").value.trim();
    return token ? { Authorization: `Bearer ${token}` } : {};
  },
  /** Resolves when a token was accepted. */
  given() {
    return new Promise((done) => waiting.push(done));
  },
};

export function start() {
  element("access-form").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
}

/** Says that a token is needed, where it is typed. */
export function ask(sentence) {
  write("token-note", `${sentence} It is kept in the memory of this page only.`);
}

async function check() {
  if (!element("token").value.trim()) {
    write("token-note", "Type the admin token first.");
    element("token").focus();
    return;
  }
  write("token-note", "Asking the node …");
  try {
    const answer = await fetch("/admin/pool", { headers: secret.headers(), cache: "no-store" });
    write("token-note", answer.ok ? "The token is an admin’s. It is kept in the memory of this page only." : await explain(answer));
    if (answer.ok) waiting.splice(0).forEach((done) => done());
  } catch {
    write("token-note", OFFLINE);
  }
}

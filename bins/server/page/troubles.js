// What went wrong, in plain words.

const WORDS = {
  400: "The node did not understand the question.",
  403: "This token is known, but it is not an admin’s.",
  404: "There is no such product id.",
  429: "Too many attempts.",
  503: "The node has too much to do, or is just starting or stopping.",
};

export const OFFLINE = "The node does not answer.";

/** A sentence for an answer that is no success. */
export async function explain(answer) {
  const problem = await answer.json().catch(() => ({}));
  const kind = String(problem.type ?? "");
  if (answer.status === 401) {
    return kind.endsWith("token-missing") ? "An admin token is needed." : "This token is not known.";
  }
  const words = WORDS[answer.status] ?? `The node refused: ${problem.title ?? "no reason given"} (${answer.status}).`;
  const fields = (problem.errors ?? []).map(({ field, rule }) => ` ${field} ${rule}.`).join("");
  const wait = Number(answer.headers.get("retry-after"));
  return `${words}${fields}${wait > 0 ? ` Try again in ${wait} s.` : ""}`;
}

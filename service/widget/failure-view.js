// Why there is no answer, or not all of it, and the way to ask again.

import { make, makeButton } from "./elements.js";

// Asking the same again can't help.
const FINAL = new Set(["question", "locale"]);

// What to say of an exchange that was stopped or failed, as things stand now.
export function describeFailure({ state, said, failure }, strings) {
  if (state === "stopped") return strings.say("stopped");
  if (said) return strings.say("incomplete");
  const waitS = secondsLeft(failure);
  if (failure.retryAt !== null && waitS === 0) return strings.say("retry_now");
  return strings.say(`error_${failure.kind}`, { time: strings.seconds(waitS) });
}

export function makeFailure(exchange, { strings, retry }) {
  const text = make("p", { class: "failure", part: "failure", text: describeFailure(exchange, strings) });
  if (FINAL.has(exchange.failure?.kind)) return [text];
  const again = makeButton(strings.say("retry"), retry, { class: "retry" });
  const count = () => {
    text.textContent = describeFailure(exchange, strings);
    if (secondsLeft(exchange.failure) === 0) again.removeAttribute("aria-disabled");
    else {
      again.setAttribute("aria-disabled", "true");
      setTimeout(() => again.isConnected && count(), 1000);
    }
  };
  if (secondsLeft(exchange.failure) > 0) count();
  return [text, again];
}

function secondsLeft(failure) {
  return Math.max(0, Math.ceil(((failure?.retryAt ?? 0) - Date.now()) / 1000));
}

// What a reader can do with an answer: copy it, put it into a reply, say what it is worth.

import { copyText, writeOut } from "./answer-text.js";
import { make, makeButton } from "./elements.js";
import { makeFeedback } from "./feedback-view.js";

// `insert` is null where the host takes no replies.
export function makeActions(exchange, { strings, announce, insert, rate }) {
  const { reply } = exchange;
  const outcome = make("span", { class: "note" });
  const tell = (key) => {
    outcome.textContent = strings.say(key);
    announce(strings.say(key));
  };
  const copy = async () => tell((await copyText(writeOut(reply, strings))) ? "copied" : "copy_failed");
  const answered = reply.status === "answered";
  return make(
    "div",
    { class: "actions" },
    answered && makeButton(strings.say("copy"), copy, { class: "quiet" }),
    answered &&
      insert &&
      makeButton(strings.say("insert"), () => {
        insert(exchange);
        tell("inserted");
      }, { class: "quiet" }),
    outcome,
    makeFeedback(exchange, { strings, send: (feedback) => rate(exchange, feedback) }),
  );
}

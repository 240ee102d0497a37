// What a reader thinks of an answer: up or down, and after down the reasons.

import { make, makeButton, newId } from "./elements.js";
import { makeField } from "./refusal-view.js";

const REASONS = ["wrong_citation", "not_answered", "outdated", "bad_translation", "other"];
// Of a refusal, which has no source and no translation.
const REFUSAL_REASONS = ["not_answered", "other"];
const NOTE_MAX_CHARS = 2_000;

// `send({ rating, reasons, note })` keeps the feedback and gives the string that says what came of it.
// The thumb is sent at once, the reasons when they are there: the last word on an answer counts.
export function makeFeedback(exchange, { strings, send }) {
  const outcome = make("p", { class: "note" });
  const tell = async (feedback) => {
    outcome.textContent = await send(feedback);
  };
  const form = makeReasons(exchange.reply.status === "answered" ? REASONS : REFUSAL_REASONS, {
    strings,
    tell: (given) => {
      form.hidden = true;
      down.focus(); // the button that was pressed is gone
      tell({ rating: "down", ...given });
    },
  });
  const rate = (rating) => {
    form.hidden = rating === "up";
    for (const [button, of] of [[up, "up"], [down, "down"]]) button.setAttribute("aria-pressed", String(of === rating));
    if (!form.hidden) form.scrollIntoView({ block: "nearest" });
    tell({ rating, reasons: [], note: "" });
  };
  const makeThumb = (rating) =>
    makeButton(strings.say(`feedback_${rating}`), () => rate(rating), {
      class: "quiet",
      "aria-pressed": String(exchange.rating === rating),
    });
  const [up, down] = [makeThumb("up"), makeThumb("down")];
  const label = strings.say("feedback");
  return make(
    "div",
    { class: "feedback", role: "group", "aria-label": label },
    make("span", { class: "note", text: label }),
    up,
    down,
    form,
    outcome,
  );
}

function makeReasons(reasons, { strings, tell }) {
  const boxes = reasons.map((reason) => make("input", { type: "checkbox", value: reason }));
  const note = make("textarea", { id: newId(), rows: 2, maxlength: NOTE_MAX_CHARS });
  const form = make(
    "form",
    { hidden: true },
    make(
      "fieldset",
      {},
      make("legend", { text: strings.say("feedback_reasons") }),
      boxes.map((box) => make("label", {}, box, strings.say(`reason_${box.value}`))),
    ),
    makeField(strings.say("feedback_note"), note),
    makeButton(strings.say("feedback_send"), () => {}, { type: "submit" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell({ reasons: boxes.filter((box) => box.checked).map((box) => box.value), note: note.value.trim() });
  });
  return form;
}

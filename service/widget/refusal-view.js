// A refusal: why there is no answer, the nearest articles, and the way to a person.

import { make, makeButton, makeOpener, makePlaceLink, newId } from "./elements.js";

const REASONS = new Set(["not_stated", "off_topic", "low_confidence"]);
const CONTACT_MAX_CHARS = 300;
const NOTE_MAX_CHARS = 2_000;

export function makeRefusal(reply, { strings }) {
  const lang = reply.locale.answered;
  const reason = REASONS.has(reply.abstain_reason) ? reply.abstain_reason : "other";
  // Off topic, the nearest articles are about something else.
  const nearest = reason === "off_topic" ? [] : reply.hits;
  return make(
    "div",
    { class: "refusal", part: "refusal" },
    make("p", { class: "reason", text: strings.say(`refusal_${reason}`) }),
    make("p", { class: "said", part: "answer", text: reply.answer, lang, dir: "auto" }),
    nearest.length > 0 && [
      make("p", { class: "note", text: strings.say("nearest") }),
      make("ul", {}, nearest.map((hit) => make("li", {}, makePlaceLink(hit, { lang, newTab: strings.say("new_tab") })))),
    ],
  );
}

// `send({ contact, note })` hands over and gives the string that says what came of it.
export function makeHandOver(exchange, { strings, send }) {
  if (exchange.handedOver) return make("p", { class: "note", text: strings.say("hand_over_done") });
  const contact = make("input", { id: newId(), maxlength: CONTACT_MAX_CHARS, autocomplete: "email" });
  const note = make("textarea", { id: newId(), rows: 2, maxlength: NOTE_MAX_CHARS });
  const outcome = make("p", { class: "note" });
  const submit = makeButton(strings.say("hand_over_send"), () => {}, { type: "submit" });
  const form = make(
    "form",
    { id: newId(), hidden: true },
    makeField(strings.say("hand_over_contact"), contact),
    makeField(strings.say("hand_over_note"), note),
    submit,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-disabled") === "true") return;
    submit.setAttribute("aria-disabled", "true");
    outcome.textContent = await send({ contact: contact.value.trim(), note: note.value.trim() });
    if (!exchange.handedOver) submit.removeAttribute("aria-disabled");
  });
  return make("div", {}, makeOpener(strings.say("hand_over"), form, { class: "quiet" }), form, outcome);
}

export function makeField(label, input) {
  return make("p", { class: "field" }, make("label", { for: input.id, text: label }), input);
}

// An answer: its sentences with their numbers, and the sources that the numbers open.

import { makeBadge, makeCitation } from "./citation-view.js";
import { make, makeOpener } from "./elements.js";

// The text of an answer that is not whole: its numbers open nothing yet.
export function makeSaid(said, { lang }) {
  return makeText(said, { lang, makeMark: (number) => make("sup", { text: `[${number}]` }) });
}

export function makeAnswer(reply, { strings }) {
  const lang = reply.locale.answered;
  const panels = new Map(reply.citations.map((each) => [each.number, makeCitation(each, { strings, lang })]));
  const makeMark = (number) =>
    panels.has(number) &&
    makeOpener(String(number), panels.get(number), {
      class: "mark",
      "aria-label": strings.say("citation", { number }),
    });
  return [makeText(reply.answer, { lang, makeMark }), makeBadges(reply, strings), ...panels.values()];
}

// Which articles answered, and how the question was read, where that is not as the reader expects.
export function makeNotes(reply, { strings }) {
  const { requested, answered, guessed, nearest, fallback } = reply.locale;
  const language = strings.language(answered);
  const notes = [];
  if (fallback) notes.push(strings.say("locale_fallback", { language }));
  else if (guessed) notes.push(strings.say("locale_guessed", { language }));
  else if (nearest) notes.push(strings.say("locale_nearest", { asked: strings.language(requested), language }));
  if (reply.understood_as) notes.push(strings.say("understood_as", { question: reply.understood_as }));
  if (reply.status === "answered") {
    if (reply.writer === "chat") notes.push(strings.say("writer_chat"));
    else if (reply.writer_fault) notes.push(strings.say("writer_replaced"));
  }
  return notes.map((text) => make("p", { class: "note", text, dir: "auto" }));
}

// A number in brackets is a mark only where its citation is due: articles hold such numbers too.
function makeText(said, { lang, makeMark }) {
  const text = make("p", { class: "said", part: "answer", lang, dir: "auto" });
  let seen = 0;
  for (const piece of said.split(/(\[\d+\])/)) {
    const number = /^\[\d+\]$/.test(piece) ? Number(piece.slice(1, -1)) : 0;
    const mark = number >= 1 && number <= seen + 1 && makeMark(number);
    if (mark) seen = Math.max(seen, number);
    text.append(mark || piece);
  }
  return text;
}

// What a reader should know before opening a source: the oldest translation, and whether it is overtaken.
function makeBadges({ citations }, strings) {
  const machine = citations.map((each) => each.translation).filter((each) => each.type === "machine");
  const oldest = machine.sort((a, b) => ((a.handed_over ?? "") < (b.handed_over ?? "") ? -1 : 1))[0];
  const changed = citations.some((each) => each.drift?.sentence_changed);
  if (!oldest && !changed) return null;
  return make(
    "p",
    { class: "badges" },
    oldest && makeBadge(oldest, strings),
    changed && make("span", { class: "badge changed", text: strings.say("drift_badge") }),
  );
}

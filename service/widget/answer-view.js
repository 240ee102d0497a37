// An answer: its sentences with their numbers, and the sources that the numbers open.

import { makeBadge, makeCitation } from "./citation-view.js";
import { make, makeOpener } from "./elements.js";

// The text of an answer that is not whole: its numbers open nothing yet.
export function makeSaid(said, { lang }) {
  const sentences = splitSentences(said, () => true).map(({ text, numbers }) =>
    makeSentence(text, numbers.map((number) => make("sup", { text: `[${number}]` }))),
  );
  return makeText(sentences, lang);
}

export function makeAnswer(reply, { strings }) {
  const lang = reply.locale.answered;
  const panels = new Map(reply.citations.map((each) => [each.number, makeCitation(each, { strings, lang })]));
  const sentences = splitSentences(reply.answer, (number) => panels.has(number)).map(({ text, numbers }) => {
    const block = make("div", {});
    // A source opens where it is asked for, also where an earlier sentence rests on it, too.
    const makeMark = (number) =>
      makeOpener(String(number), panels.get(number), {
        class: "mark",
        "aria-label": strings.say("citation", { number }),
      }, { place: (panel) => block.contains(panel) || block.append(panel) });
    const first = numbers.map((number) => panels.get(number)).filter((panel) => !panel.parentNode);
    block.append(makeSentence(text, numbers.map(makeMark)), ...new Set(first));
    return block;
  });
  return [makeText(sentences, lang), makeBadges(reply, strings)];
}

// Which articles answered, and how the question was read, where that is not as the reader expects.
export function makeNotes(reply, { strings }) {
  const { requested, answered, guessed, nearest, fallback } = reply.locale;
  const language = strings.language(answered);
  const notes = [];
  if (fallback) notes.push(strings.say("locale_fallback", { language }));
  else if (guessed) notes.push(strings.say("locale_guessed", { language }));
  else if (nearest) notes.push(strings.say("locale_nearest", { asked: strings.language(requested), language }));
  if (reply.understood_as) {
    notes.push(strings.parts("understood_as", { question: make("bdi", { text: reply.understood_as }) }));
  }
  if (reply.status === "answered") {
    if (reply.writer === "chat") notes.push(strings.say("writer_chat"));
    else if (reply.writer_fault) notes.push(strings.say("writer_replaced"));
  }
  return notes.map((note) => make("p", { class: "note" }, note));
}

function makeText(sentences, lang) {
  return make("div", { class: "said", part: "answer", lang, dir: "auto" }, sentences);
}

// No mark begins a line: it stays with the end of its sentence.
function makeSentence(text, marks) {
  const [end] = /\S{0,8}$/u.exec(text);
  const kept = make("span", { class: "kept" }, end, marks);
  return make("p", {}, text.slice(0, text.length - end.length), kept);
}

// The sentences of "One.[1] Two.[1][2]", each { text, numbers }. A number in brackets is a mark only where
// its citation is due and the sentence ends: articles hold such numbers too.
function splitSentences(said, isKnown) {
  const sentences = [];
  let seen = 0;
  let text = "";
  for (const piece of said.split(/((?:\[\d+\])+)(?=\s|$)/)) {
    const numbers = (/^(?:\[\d+\])+$/.test(piece) ? piece.match(/\d+/g) : []).map(Number);
    let due = seen;
    for (const number of numbers) if (number === due + 1) due = number;
    if (/\S$/.test(text) && numbers.length > 0 && numbers.every((number) => number >= 1 && number <= due && isKnown(number))) {
      sentences.push({ text, numbers });
      seen = due;
      text = "";
    } else text = text ? text + piece : piece.trimStart();
  }
  if (text) sentences.push({ text, numbers: [] });
  return sentences;
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
    changed && make("span", { class: "badge changed", part: "badge", text: strings.say("drift_badge") }),
  );
}

// The chat page: one question, one answer. Text from articles enters by textContent alone.

const form = document.getElementById("ask");
const question = document.getElementById("question");
const locale = document.getElementById("locale");
const submit = form.querySelector("button");
const status = document.getElementById("status");
const answerSection = document.getElementById("answer");

const REASONS = {
  not_stated: "Not stated in the articles",
  off_topic: "No article about this",
  low_confidence: "Not certain enough",
};
const TRANSLATIONS = { machine: "Machine translation", human: "Human translation", source: "Original" };

function element(name, { text, className, lang } = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (lang) made.lang = lang;
  return made;
}

function isWebAddress(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

function articleLink(place, lang) {
  const text = [place.title, ...place.headings].join(" › ");
  if (!isWebAddress(place.url)) return element("span", { text, lang });
  const link = element("a", { text, lang });
  link.href = place.url;
  link.rel = "noreferrer";
  return link;
}

function provenance({ type, handed_over: handedOver }) {
  const name = TRANSLATIONS[type] ?? type;
  return handedOver === null ? name : `${name}, ${handedOver}`;
}

function driftNotes({ newest_locale: locale, newest_handed_over: handedOver, sentence_changed: changed, newest_source_quote: newest }) {
  const newer = `A newer version of this article was handed over on ${handedOver} (${locale})`;
  if (changed === null) return [element("p", { text: `${newer}.`, className: "note" })];
  if (!changed) return [element("p", { text: `${newer}; this sentence has not changed.`, className: "note" })];
  if (newest === null) return [element("p", { text: `${newer}; this sentence is no longer in it.`, className: "note" })];
  return [
    element("p", { text: `${newer}; in English it now says:`, className: "note" }),
    element("blockquote", { text: newest, lang: "en-us" }),
  ];
}

function citationPanel(citation, lang) {
  const panel = element("div", { className: "citation" });
  panel.id = `citation-${citation.number}`;
  panel.hidden = true;
  if (citation.context !== null) panel.append(element("p", { text: citation.context, className: "note", lang }));
  panel.append(element("blockquote", { text: citation.quote, lang }));
  if (citation.source_quote !== null) {
    panel.append(element("p", { text: "English source:", className: "note" }));
    panel.append(element("blockquote", { text: citation.source_quote, lang: "en-us" }));
  }
  const place = element("p");
  place.append(articleLink(citation, lang));
  panel.append(place, element("p", { text: provenance(citation.translation), className: "note" }));
  if (citation.drift !== null) panel.append(...driftNotes(citation.drift));
  return panel;
}

function markButton(number, panel) {
  const button = element("button", { text: String(number), className: "mark" });
  button.type = "button";
  button.setAttribute("aria-label", `Citation ${number}`);
  button.setAttribute("aria-controls", panel.id);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
  });
  return button;
}

// A number in brackets is a mark only where the answer has a citation of this number that is due.
function answerText(reply, panels, lang) {
  const said = element("p", { className: "said", lang });
  let seen = 0;
  let rest = "";
  for (const part of reply.answer.split(/(\[\d+\])/)) {
    const number = /^\[\d+\]$/.test(part) ? Number(part.slice(1, -1)) : 0;
    if (number >= 1 && number <= seen + 1 && panels.has(number)) {
      said.append(rest, markButton(number, panels.get(number)));
      rest = "";
      seen = Math.max(seen, number);
    } else {
      rest += part;
    }
  }
  said.append(rest);
  return said;
}

function nearestArticles(reply, lang) {
  const list = element("ul");
  const shown = new Set();
  for (const hit of reply.hits) {
    if (shown.has(hit.article) || shown.size === 3) continue;
    shown.add(hit.article);
    const item = element("li");
    item.append(articleLink(hit, lang));
    list.append(item);
  }
  return list;
}

function localeNote({ requested, answered, guessed, nearest, fallback }) {
  if (fallback) return `Answered from the articles in ${answered}.`;
  if (guessed) return `Language guessed: ${answered}.`;
  if (nearest) return `There are no articles in ${requested}; this is ${answered}.`;
  return "";
}

function show(reply) {
  const lang = reply.locale.answered;
  const refused = reply.status === "abstained";
  const panels = new Map(reply.citations.map((citation) => [citation.number, citationPanel(citation, lang)]));
  answerSection.replaceChildren();
  answerSection.className = refused ? "refused" : "";
  if (refused) answerSection.append(element("h2", { text: REASONS[reply.abstain_reason] ?? "No answer" }));
  answerSection.append(answerText(reply, panels, lang), ...panels.values());
  if (refused && reply.hits.length > 0) answerSection.append(nearestArticles(reply, lang));
  const note = localeNote(reply.locale);
  if (note) answerSection.append(element("p", { text: note, className: "note" }));
  answerSection.hidden = false;
  status.textContent = refused ? "No answer was found." : "The answer is below.";
}

async function call(address, options) {
  const response = await fetch(address, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? body.title ?? `status ${response.status}`);
  return body;
}

async function ask(event) {
  event.preventDefault();
  submit.disabled = true;
  answerSection.hidden = true;
  status.textContent = "Asking…";
  const body = { question: question.value };
  if (locale.value) body.locale = locale.value;
  try {
    show(
      await call("/v1/ask", {
        method: "POST",
        // No preference of the browser: an empty choice means that the words decide.
        headers: { "Content-Type": "application/json", "Accept-Language": "*" },
        body: JSON.stringify(body),
      }),
    );
  } catch (error) {
    status.textContent = `That did not work: ${error.message}`;
  } finally {
    submit.disabled = false;
  }
}

async function listLocales() {
  try {
    const names = new Intl.DisplayNames(navigator.languages, { type: "language" });
    for (const summary of (await call("/v1/locales")).locales) {
      const option = element("option", { text: `${names.of(summary.locale)} (${summary.locale})` });
      option.value = summary.locale;
      locale.append(option);
    }
  } catch (error) {
    status.textContent = `The list of languages could not be read: ${error.message}`;
  }
}

form.addEventListener("submit", ask);
await listLocales();

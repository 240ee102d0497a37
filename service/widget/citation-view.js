// One citation, opened: the quote, its English by a further choice, where it stands, and how old it is.

import { describeTranslation } from "./answer-text.js";
import { make, makeOpener, makePlaceLink, newId } from "./elements.js";

const ENGLISH = "en";

// The panel of `citation`, hidden; `lang` is the locale of its quote.
export function makeCitation(citation, { strings, lang }) {
  const name = make("p", { id: newId(), class: "reason", text: strings.say("citation", { number: citation.number }) });
  return make(
    "div",
    {
      id: newId(),
      class: "citation",
      part: "citation",
      role: "group",
      "aria-labelledby": name.id,
      // It stands within the answer, which may have another language.
      lang: strings.locale,
      dir: strings.dir,
      hidden: true,
    },
    name,
    citation.context && make("p", { class: "note", text: citation.context, lang, dir: "auto" }),
    makeQuote(citation.quote, lang),
    makeEnglish(citation, { strings, lang }),
    make("p", {}, makePlaceLink(citation, { lang, newTab: strings.say("new_tab") })),
    make("p", {}, makeBadge(citation.translation, strings)),
    citation.drift && makeDrift(citation.drift, strings),
    makeScope(citation, strings),
  );
}

export function makeBadge(translation, strings) {
  const text = describeTranslation(translation, strings);
  return make("span", { class: `badge ${translation.type === "machine" ? "machine" : ""}`, part: "badge", text });
}

function makeQuote(text, lang) {
  return make("blockquote", { text, lang, dir: "auto" });
}

function makeEnglish({ source_quote: english, quote }, { strings, lang }) {
  if (!english || (english === quote && lang.startsWith(ENGLISH))) return [];
  const panel = make(
    "div",
    { id: newId(), hidden: true },
    make("p", { class: "note", text: strings.say("english_source") }),
    makeQuote(english, ENGLISH),
  );
  return [makeOpener(strings.say("show_english"), panel, { class: "quiet" }), panel];
}

function makeDrift(drift, strings) {
  const date = strings.date(drift.newest_handed_over);
  const newer = strings.say("drift_newer", { date, language: strings.shortLanguage(drift.newest_locale) });
  const newest = drift.sentence_changed ? drift.newest_source_quote : null;
  let outcome = "";
  if (drift.sentence_changed === false) outcome = strings.say("drift_same");
  if (drift.sentence_changed) outcome = strings.say(newest ? "drift_changed" : "drift_removed");
  return make(
    "div",
    { class: drift.sentence_changed ? "drift changed" : "drift" },
    make("p", { text: `${newer} ${outcome}`.trim() }),
    newest && makeQuote(newest, ENGLISH),
  );
}

// The service gives the canonical English names.
function makeScope({ roles, applies_to: appliesTo }, strings) {
  const rows = [["roles", roles], ["applies_to", appliesTo]].filter(([, names]) => names.length > 0);
  if (rows.length === 0) return null;
  return make(
    "dl",
    { class: "note" },
    rows.map(([key, names]) => [
      make("dt", { text: strings.say(key) }),
      make("dd", {}, make("bdi", { text: names.join(", "), lang: ENGLISH })),
    ]),
  );
}

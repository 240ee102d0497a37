// The interface's own words in one locale, and its dates, languages and lengths of time.

const LOCALES = [
  "ar-sa", "de-de", "en-us", "es-es", "fr-fr", "it-it",
  "ja-jp", "ko-kr", "pt-br", "ru-ru", "zh-cn", "zh-tw",
];
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);
// As the marks of an answer have them.
const DIGITS = { numberingSystem: "latn" };
const PLACEHOLDER = /\{(\w+)\}/;

// The strings of `locale`, of its language, or in English; a host's `overrides` come first.
export async function loadStrings(locale, overrides) {
  const chosen = nearestLocale(locale);
  const response = await fetch(new URL(`strings/${chosen}.json`, import.meta.url), { credentials: "omit" });
  if (!response.ok) throw new Error(`citedesk-chat: no strings of ${chosen}: ${response.status}`);
  return new Strings(chosen, locale, { ...(await response.json()), ...overrides });
}

function nearestLocale(locale) {
  const wanted = locale.toLowerCase();
  if (LOCALES.includes(wanted)) return wanted;
  if (/^zh-(hant|hk|mo)/.test(wanted)) return "zh-tw";
  const language = wanted.split("-")[0];
  return LOCALES.find((each) => each.startsWith(`${language}-`)) ?? "en-us";
}

class Strings {
  #texts;
  #tag;

  constructor(chosen, wanted, texts) {
    this.locale = chosen;
    // Dates as in de-at where the words are those of de-de.
    const regional = wanted.toLowerCase().startsWith(`${chosen.split("-")[0]}-`);
    this.#tag = regional && isTag(wanted) ? wanted : chosen;
    this.#texts = texts;
  }

  get dir() {
    return RIGHT_TO_LEFT.has(this.locale.split("-")[0]) ? "rtl" : "ltr";
  }

  say(key, values = {}) {
    return this.parts(key, values).join("");
  }

  // The text in pieces, with the values, which may be elements, in their places.
  parts(key, values = {}) {
    const text = String(this.#texts[key] ?? key);
    return text.split(PLACEHOLDER).map((part, index) => (index % 2 ? values[part] ?? "" : part));
  }

  // `date` as 2024-05-14, which is a day and not a moment.
  date(date) {
    const day = new Date(`${date}T00:00:00Z`);
    if (Number.isNaN(day.getTime())) return date;
    return new Intl.DateTimeFormat(this.#tag, { ...DIGITS, calendar: "gregory", dateStyle: "medium", timeZone: "UTC" }).format(day);
  }

  language(locale) {
    try {
      return new Intl.DisplayNames([this.#tag], { type: "language" }).of(locale);
    } catch {
      return locale;
    }
  }

  // To stand in parentheses: without any of its own, and without a region that tells nothing.
  shortLanguage(locale) {
    const named = /^(zh|pt)/.test(locale) ? locale : locale.split("-")[0];
    return this.language(named).replace(/\s*[(（](.+)[)）]/, ", $1");
  }

  seconds(count) {
    const minutes = count > 90;
    const format = { ...DIGITS, style: "unit", unit: minutes ? "minute" : "second", unitDisplay: "long" };
    return new Intl.NumberFormat(this.#tag, format).format(minutes ? Math.ceil(count / 60) : count);
  }
}

function isTag(text) {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

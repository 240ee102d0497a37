// An answer as plain text, for a reply, a live region or the clipboard.

import { webAddress } from "./elements.js";

// The answer, then a line for each source: "[1] Title › Section: address (what to know of it)".
export function writeOut(reply, strings) {
  const lines = sourcesOf(reply).map(({ number, title, headings, url }, index) => {
    const warnings = warningsOf(reply.citations[index], strings).join("; ");
    const place = [[title, ...headings].join(" › "), url].filter(Boolean).join(": ");
    return `[${number}] ${place}${warnings && ` (${warnings})`}`;
  });
  return [reply.answer, lines.join("\n")].filter(Boolean).join("\n\n");
}

function warningsOf({ translation, drift }, strings) {
  return [
    translation.type === "machine" && describeTranslation(translation, strings),
    drift?.sentence_changed && strings.say("drift_badge"),
  ].filter(Boolean);
}

// "Machine translation, 14 May 2024", or without the date where none is known.
export function describeTranslation({ type, handed_over: handedOver }, strings) {
  const translation = strings.say(`translation_${type}`);
  if (!handedOver) return translation;
  return strings.say("translation_dated", { translation, date: strings.date(handedOver) });
}

export function sourcesOf(reply) {
  return reply.citations.map(({ number, title, headings, url }) => ({
    number,
    title,
    headings,
    url: webAddress(url),
  }));
}

// Without the numbers that a screen reader would read out as if they were said.
export function withoutMarks(text) {
  return text.replace(/\s*\[\d+\]/g, "");
}

// Whether it was copied; also in a page that is no secure context, or an iframe without the permission.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text) {
  const put = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData.setData("text/plain", text);
  };
  // No element is needed and no focus moves: the event itself carries the text.
  document.addEventListener("copy", put, { capture: true, once: true });
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    document.removeEventListener("copy", put, { capture: true });
  }
}

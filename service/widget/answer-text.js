// An answer as plain text, for the clipboard, a reply, or a live region.

import { webAddress } from "./elements.js";

// The answer, then a line for each source: "[1] Title › Section: address".
export function writeOut(reply) {
  const lines = sourcesOf(reply).map(
    ({ number, title, headings, url }) =>
      `[${number}] ${[[title, ...headings].join(" › "), url].filter(Boolean).join(": ")}`,
  );
  return [reply.answer, lines.join("\n")].filter(Boolean).join("\n\n");
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

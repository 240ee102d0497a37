// The page of the iframe: one widget, and messages to and from one origin.
//
// Each message is { citedesk: 1, type, ... }; docs/widget.md lists them. The service has checked that
// the origin in the address is one of the key's, and its policy lets pages of no other show this one.

import "./citedesk-chat.js";

const VERSION = 1;
const ATTRIBUTES = ["key", "locale", "ui-locale", "theme", "insert"];

const asked = new URLSearchParams(location.search);
const hostOrigin = asked.get("origin");
const chat = document.createElement("citedesk-chat");
for (const name of ATTRIBUTES) if (asked.has(name)) chat.setAttribute(name, asked.get(name));
// Tabs of several hosts, or several widgets of one, have conversations of their own.
chat.id = [hostOrigin, asked.get("id")].filter(Boolean).join(" ");
document.getElementById("chat").append(chat);
document.documentElement.lang = chat.uiLocale;

const ORDERS = {
  open: () => chat.open(),
  close: () => chat.close(),
  ask: ({ text }) => typeof text === "string" && chat.ask(text),
  "set-locale": ({ locale, uiLocale }) => {
    if (typeof locale === "string") chat.setAttribute("locale", locale);
    if (typeof uiLocale === "string") chat.setAttribute("ui-locale", uiLocale);
    document.documentElement.lang = chat.uiLocale;
  },
};

function tell(type, content) {
  if (hostOrigin) window.parent.postMessage({ citedesk: VERSION, type, ...content }, hostOrigin);
}

window.addEventListener("message", ({ origin, source, data }) => {
  if (!hostOrigin || origin !== hostOrigin || source !== window.parent) return;
  if (data?.citedesk !== VERSION || !Object.hasOwn(ORDERS, data.type)) return;
  ORDERS[data.type](data);
});

chat.addEventListener("citedesk-answered", ({ detail }) => tell("answered", { reply: detail }));
chat.addEventListener("citedesk-insert-reply", ({ detail }) => tell("insert-reply", detail));
chat.addEventListener("citedesk-hand-over", ({ detail }) => tell("hand-over", detail));
chat.addEventListener("citedesk-feedback", ({ detail }) => tell("feedback", detail));
chat.addEventListener("citedesk-error", ({ detail }) => tell("error", { error: detail }));
chat.addEventListener("citedesk-open", () => tell("open"));
chat.addEventListener("citedesk-close", () => tell("close"));
tell("ready");

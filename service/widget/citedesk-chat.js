// <citedesk-chat>: answers from localised help articles, with citations that can be opened.
//
// Its attributes, methods, events and parts are described in docs/widget.md. The element owns the
// conversation and what its views' buttons do; the views only show.

import { sourcesOf, withoutMarks, writeOut } from "./answer-text.js";
import { ask } from "./answers.js";
import { Conversation } from "./conversation.js";
import { describeFailure } from "./failure-view.js";
import { handOver, rate } from "./follow-ups.js";
import { PanelView } from "./panel-view.js";
import { Session } from "./session.js";
import { loadStrings } from "./strings.js";
import { loadStyle } from "./style.js";

const SLOW_MS = 4_000;
// Between tries to load strings and style: doubled each time.
const REST_MS = 1_000;
const REST_MAX_MS = 60_000;
const LATE_PROPERTIES = ["tokenProvider", "strings"];

export class CitedeskChat extends HTMLElement {
  static observedAttributes = ["api", "key", "locale", "ui-locale", "insert", "launcher"];

  #root = this.attachShadow({ mode: "open" });
  #panel = null;
  #conversation = null;
  #session = null;
  #running = null; // aborts the question under way
  #tokenProvider = null;
  #overrides = {};
  #drawing = 0;
  #again = null;
  #rest = REST_MS;
  #becomeReady;
  #ready = new Promise((resolve) => (this.#becomeReady = resolve));

  constructor() {
    super();
    for (const name of LATE_PROPERTIES) {
      // Set by the host before this class was there.
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }

  get api() {
    return (this.getAttribute("api") || new URL(import.meta.url).origin).replace(/\/+$/, "");
  }

  get locale() {
    return this.getAttribute("locale") ?? "";
  }

  get uiLocale() {
    return this.getAttribute("ui-locale") || this.locale || "en-us";
  }

  get tokenProvider() {
    return this.#tokenProvider;
  }

  set tokenProvider(provide) {
    this.#tokenProvider = provide;
    this.#session = null;
  }

  get strings() {
    return this.#overrides;
  }

  set strings(overrides) {
    this.#overrides = { ...overrides };
    this.#draw();
  }

  connectedCallback() {
    this.#draw();
  }

  disconnectedCallback() {
    // An element that is only moved is connected again at once.
    queueMicrotask(() => this.isConnected || this.stop());
  }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "api" || name === "key") {
      this.stop();
      this.#session = null;
      this.#conversation = null;
    }
    if (name === "locale" && this.getAttribute("ui-locale")) return; // nothing of it is seen
    this.#draw();
  }

  // Ask as if the reader had; what is under way is stopped.
  async ask(text) {
    const question = String(text).trim();
    if (!question) return;
    await this.#ready;
    this.stop();
    const exchange = this.#conversationNow().begin(question, this.locale);
    this.#panel.add(exchange);
    await this.#answer(exchange);
  }

  stop() {
    this.#running?.abort();
  }

  async newConversation() {
    await this.#ready;
    this.stop();
    this.#conversationNow().clear();
    this.#panel.show([]);
    this.#panel.announce(this.#panel.strings.say("new_started"));
  }

  async open() {
    await this.#ready;
    this.#panel.open();
  }

  async close() {
    await this.#ready;
    this.#panel.close();
  }

  focus() {
    this.#panel?.focus();
  }

  // Changes of several attributes at once are drawn once.
  async #draw() {
    if (!this.isConnected) return;
    this.#drawing += 1;
    const drawing = this.#drawing;
    await null;
    if (drawing !== this.#drawing) return;
    try {
      const [strings, style] = await Promise.all([loadStrings(this.uiLocale, this.#overrides), loadStyle()]);
      if (drawing !== this.#drawing) return;
      this.#root.adoptedStyleSheets = [style];
      this.#show(strings);
      this.#rest = REST_MS;
    } catch (error) {
      console.error(error);
      this.#tell("citedesk-error", { type: "network", status: 0 });
      // What was asked meanwhile waits for it.
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#draw(), this.#rest);
      this.#rest = Math.min(2 * this.#rest, REST_MAX_MS);
    }
  }

  #show(strings) {
    const panel = new PanelView({
      strings,
      draft: this.#panel?.draft ?? "",
      opened: this.#panel?.opened ?? !this.hasAttribute("launcher"),
      launcher: this.hasAttribute("launcher"),
      ask: (question) => this.ask(question),
      stop: () => this.stop(),
      newConversation: () => this.newConversation(),
      retry: (exchange) => this.#retry(exchange),
      rate: (exchange, feedback) => this.#follow(rate, exchange, feedback),
      handOver: (exchange, wish) => this.#follow(handOver, exchange, wish),
      insert: this.hasAttribute("insert") ? (exchange) => this.#insert(exchange) : null,
      toggled: (opened) => this.#tell(opened ? "citedesk-open" : "citedesk-close", {}),
    });
    this.#panel = panel;
    const focused = this.#root.activeElement !== null;
    this.#root.replaceChildren(...panel.elements);
    if (focused) panel.focus();
    panel.show(this.#conversationNow().exchanges);
    panel.busy = this.#running !== null;
    this.#becomeReady();
  }

  #retry(exchange) {
    this.stop();
    this.#conversationNow().restart(exchange);
    this.#panel.update(exchange);
    return this.#answer(exchange);
  }

  async #answer(exchange) {
    const controller = new AbortController();
    const conversation = this.#conversationNow();
    this.#running = controller;
    this.#panel.busy = true;
    const slow = setTimeout(() => this.#sayThatItIsSlow(exchange), SLOW_MS);
    try {
      const earlier = conversation.before(exchange);
      const reply = await ask(this.#sessionNow(), { ...exchange, earlier }, {
        signal: controller.signal,
        onSaid: (said) => {
          clearTimeout(slow);
          exchange.said += said;
          this.#panel.update(exchange);
        },
        onSource: ({ number, title, url }) => {
          if (exchange.sources.some((each) => each.number === number)) return;
          exchange.sources.push({ number, title, url });
          conversation.save(); // what was said survives a reload, too
        },
      });
      conversation.answer(exchange, reply);
      this.#tell("citedesk-answered", reply);
    } catch (error) {
      this.#breakOff(exchange, error, { stopped: controller.signal.aborted });
      conversation.save();
    } finally {
      clearTimeout(slow);
      if (this.#running === controller) this.#running = null;
      this.#panel.busy = this.#running !== null;
    }
    this.#panel.update(exchange);
    this.#announce(exchange);
  }

  #breakOff(exchange, { kind = "failed", status = 0, retryAfterS = null }, { stopped }) {
    const retryAt = retryAfterS === null ? null : Date.now() + retryAfterS * 1000;
    exchange.state = stopped ? "stopped" : "failed";
    exchange.failure = stopped ? null : { kind, status, retryAt };
    if (!stopped) this.#tell("citedesk-error", { type: exchange.said ? "incomplete" : kind, status });
  }

  #sayThatItIsSlow(exchange) {
    this.#panel.update(exchange, { slow: true });
    this.#panel.announce(this.#panel.strings.say("slow"));
  }

  #announce(exchange) {
    const { strings } = this.#panel;
    const { reply } = exchange;
    if (!this.#conversationNow().exchanges.includes(exchange)) return;
    if (exchange.state !== "answered") {
      this.#panel.announce(describeFailure(exchange, strings));
      return;
    }
    const answer = document.createElement("span");
    answer.lang = reply.locale.answered;
    answer.textContent = withoutMarks(reply.answer);
    const key = reply.status === "answered" ? "announce_answer" : "announce_refusal";
    this.#panel.announce(...strings.parts(key, { answer, count: reply.citations.length }));
  }

  #insert({ reply }) {
    this.#tell("citedesk-insert-reply", { text: writeOut(reply, this.#panel.strings), sources: sourcesOf(reply) });
  }

  // What came of feedback or of handing over, in words.
  async #follow(what, exchange, given) {
    const desk = {
      session: this.#sessionNow(),
      conversation: this.#conversationNow(),
      tell: (name, detail, options) => this.#tell(name, detail, options),
    };
    const text = this.#panel.strings.say(await what(desk, exchange, given));
    this.#panel.announce(text);
    return text;
  }

  #conversationNow() {
    this.#conversation ??= new Conversation(`${this.api}#${this.id}`);
    return this.#conversation;
  }

  #sessionNow() {
    this.#session ??= new Session({
      api: this.api,
      key: this.getAttribute("key"),
      tokenProvider: this.#tokenProvider,
    });
    return this.#session;
  }

  // Whether the host let the default happen.
  #tell(name, detail, { cancelable = false } = {}) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
  }
}

if (!customElements.get("citedesk-chat")) customElements.define("citedesk-chat", CitedeskChat);

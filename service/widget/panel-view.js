// The whole of what is seen: header, the exchanges, the composer, and the one live region.

import { ComposerView } from "./composer-view.js";
import { make, makeButton, newId } from "./elements.js";
import { ExchangeView } from "./exchange-view.js";

export class PanelView {
  #context;
  #composer;
  #log;
  #region;
  #panel;
  #launcher = null;
  #views = new Map();
  #announced = "";

  // `context` has the strings, and a function for each choice of the reader.
  constructor(context) {
    const { strings, draft, opened, launcher } = context;
    this.strings = strings;
    this.#context = { ...context, announce: (text) => this.announce(text) };
    this.#composer = new ComposerView({ ...this.#context, draft });
    // A log would be announced as it grows; the region below says the finished answer once.
    this.#log = make("div", {
      class: "log",
      part: "log",
      role: "log",
      "aria-live": "off",
      "aria-label": strings.say("log"),
      tabindex: "0",
    });
    this.#region = make("div", { class: "unseen", role: "status" });
    this.#panel = this.#makePanel();
    if (launcher) this.#makeLauncher();
    this.elements = [
      make(
        "div",
        { class: "root", lang: strings.locale, dir: strings.dir },
        this.#panel,
        this.#launcher,
        this.#region,
      ),
    ];
    this.#panel.hidden = !opened;
    this.#nameLauncher();
  }

  get draft() {
    return this.#composer.draft;
  }

  get opened() {
    return !this.#panel.hidden;
  }

  set busy(busy) {
    this.#composer.busy = busy;
  }

  show(exchanges) {
    this.#views.clear();
    const intro = make("p", { class: "intro note", text: this.strings.say("intro") });
    this.#log.replaceChildren(intro);
    for (const exchange of exchanges) this.add(exchange);
  }

  // The newest question goes to the top, so that its answer can come without moving anything.
  add(exchange) {
    const view = new ExchangeView(exchange, this.#context);
    this.#views.set(exchange, view);
    this.#log.append(view.element);
    this.#scrollToNewest();
  }

  update(exchange, how) {
    this.#views.get(exchange)?.update(how);
  }

  // Strings and elements as one message; said again where it is the same as before.
  announce(...parts) {
    this.#region.replaceChildren(...parts);
    const same = this.#region.textContent === this.#announced;
    if (same) this.#region.append("\u00a0");
    this.#announced = this.#region.textContent;
  }

  open() {
    this.#setOpened(true);
  }

  close() {
    this.#setOpened(false);
  }

  focus() {
    if (this.opened) this.#composer.focus();
    else this.#launcher?.focus();
  }

  #makePanel() {
    const { strings, newConversation, launcher } = this.#context;
    const title = make("h2", { id: newId(), text: strings.say("title") });
    const header = make(
      "header",
      { part: "header" },
      title,
      makeButton(strings.say("new_conversation"), () => {
        newConversation();
        this.#composer.focus();
      }, { class: "quiet" }),
      launcher && makeButton("×", () => this.#closeByReader(), { class: "quiet close", "aria-label": strings.say("close") }),
    );
    const attributes = { id: newId(), class: "panel", part: "panel", "aria-labelledby": title.id };
    const panel = make("section", attributes, header, this.#log, this.#composer.element);
    panel.addEventListener("keydown", (event) => {
      if (launcher && event.key === "Escape" && !event.isComposing) this.#closeByReader();
    });
    return panel;
  }

  #makeLauncher() {
    const press = () => {
      if (this.opened) this.#closeByReader();
      else {
        this.#setOpened(true);
        this.#composer.focus();
      }
    };
    this.#launcher = makeButton(this.strings.say("launcher"), press, {
      class: "launcher",
      part: "launcher button",
      "aria-controls": this.#panel.id,
    });
  }

  #nameLauncher() {
    if (!this.#launcher) return;
    this.#launcher.setAttribute("aria-expanded", String(this.opened));
    this.#launcher.textContent = this.strings.say(this.opened ? "close" : "launcher");
  }

  #closeByReader() {
    this.#setOpened(false);
    this.#launcher.focus();
  }

  #setOpened(opened) {
    const changed = this.opened !== opened;
    this.#panel.hidden = !opened;
    this.#nameLauncher();
    if (!changed) return;
    if (opened) this.#scrollToNewest();
    this.#context.toggled(opened);
  }

  #scrollToNewest() {
    const newest = this.#log.lastElementChild;
    this.#log.scrollTop = newest.offsetTop;
    // At little height the whole panel scrolls.
    this.#panel.scrollTop += newest.getBoundingClientRect().top - this.#panel.getBoundingClientRect().top;
  }
}

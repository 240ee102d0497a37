// Where questions are typed: Enter sends, Shift+Enter begins a line, and an answer can be stopped.

import { make, makeButton, newId } from "./elements.js";

// The service takes no longer one.
const QUESTION_MAX_CHARS = 2_000;
// What Safari says of the key that ends a composition, when it is over already.
const COMPOSING = 229;

export class ComposerView {
  #input;
  #send;
  #stop;
  #sayBusy;

  // Asking waits for the answer under way; `announce` says so.
  constructor({ strings, draft, ask, stop, announce }) {
    this.#sayBusy = () => announce(strings.say("working"));
    const hint = make("p", { id: newId(), class: "note", text: strings.say("question_hint") });
    this.#input = make("textarea", {
      id: newId(),
      rows: 2,
      maxlength: QUESTION_MAX_CHARS,
      enterkeyhint: "send",
      "aria-describedby": hint.id,
    });
    this.#input.addEventListener("input", () => this.#turn());
    this.#write(draft);
    this.#send = makeButton(strings.say("send"), () => {}, { type: "submit" });
    this.#stop = makeButton(strings.say("stop"), stop, { class: "quiet" });
    this.#stop.addEventListener("blur", () => this.#hideStop());
    this.element = make(
      "form",
      { class: "composer", part: "composer" },
      make("label", { for: this.#input.id, text: strings.say("question_label") }),
      this.#input,
      make("div", { class: "row" }, hint, this.#stop, this.#send),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(ask);
    });
    this.#input.addEventListener("keydown", (event) => {
      const composing = event.isComposing || event.keyCode === COMPOSING;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      this.#submit(ask);
    });
    this.busy = false;
  }

  get draft() {
    return this.#input.value;
  }

  set busy(busy) {
    this.#send.setAttribute("aria-disabled", String(busy));
    this.#stop.setAttribute("aria-disabled", String(!busy));
    if (busy) this.#stop.hidden = false;
    // A button that has the focus stays until it is left: else the focus would be lost.
    else if (!this.#stop.matches(":focus")) this.#hideStop();
  }

  focus() {
    this.#input.focus();
  }

  #write(text) {
    this.#input.value = text;
    this.#turn();
  }

  // Its words decide the direction, the interface's language while there are none: `auto` alone would
  // begin every empty field at the left.
  #turn() {
    if (this.#input.value) this.#input.setAttribute("dir", "auto");
    else this.#input.removeAttribute("dir");
  }

  #hideStop() {
    this.#stop.hidden = this.#stop.getAttribute("aria-disabled") === "true";
  }

  #submit(ask) {
    const question = this.#input.value.trim();
    if (this.#send.getAttribute("aria-disabled") === "true") this.#sayBusy();
    else if (question) this.#begin(question, ask);
  }

  #begin(question, ask) {
    this.#write("");
    ask(question);
  }
}

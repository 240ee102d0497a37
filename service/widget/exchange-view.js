// One question with what came of it. While the answer comes, what was said so far is shown.

import { makeActions } from "./actions-view.js";
import { makeAnswer, makeNotes, makeSaid } from "./answer-view.js";
import { make, makePlaceLink } from "./elements.js";
import { makeFailure } from "./failure-view.js";
import { makeHandOver, makeRefusal } from "./refusal-view.js";

export class ExchangeView {
  #exchange;
  #context;
  #outcome;

  // `context` holds the strings, and what the reader's choices do: see citedesk-chat.js.
  constructor(exchange, context) {
    this.#exchange = exchange;
    this.#context = context;
    const { strings } = context;
    this.#outcome = make("div", { class: "outcome" });
    this.element = make(
      "article",
      { class: "exchange", tabindex: "-1" },
      make("h3", { class: "unseen", text: strings.say("you_asked") }),
      make(
        "p",
        { class: "question", part: "question" },
        make("span", { text: exchange.question, dir: "auto" }),
      ),
      make("h3", { class: "unseen", text: strings.say("answer") }),
      this.#outcome,
    );
    this.update();
  }

  // Show the exchange as it is now. Nothing in an unfinished one takes the focus, so none is lost.
  update({ slow = false } = {}) {
    const { state, reply } = this.#exchange;
    const made = {
      asking: () => this.#makeUnfinished(slow),
      answered: () => (reply.status === "answered" ? this.#makeAnswer() : this.#makeRefusal()),
      stopped: () => this.#makeBroken(),
      failed: () => this.#makeBroken(),
    };
    this.#outcome.replaceChildren(...made[state]().flat().filter(Boolean));
  }

  #makeUnfinished(slow) {
    const { said, locale } = this.#exchange;
    const status = this.#context.strings.say(slow ? "slow" : "working");
    return [
      said && makeSaid(said, { lang: locale }),
      (slow || !said) && make("p", { class: "note working", text: status }),
    ];
  }

  #makeAnswer() {
    const { reply } = this.#exchange;
    return [makeAnswer(reply, this.#context), makeNotes(reply, this.#context), makeActions(this.#exchange, this.#context)];
  }

  #makeRefusal() {
    const { strings, handOver } = this.#context;
    const { reply } = this.#exchange;
    const send = (wish) => handOver(this.#exchange, wish);
    return [
      makeRefusal(reply, { strings }),
      makeNotes(reply, { strings }),
      makeHandOver(this.#exchange, { strings, send }),
      makeActions(this.#exchange, this.#context),
    ];
  }

  #makeBroken() {
    const { strings, retry } = this.#context;
    const { said, sources, locale } = this.#exchange;
    const newTab = strings.say("new_tab");
    return [
      said && makeSaid(said, { lang: locale }),
      sources.length > 0 && make("p", { class: "note", text: strings.say("sources") }),
      sources.length > 0 &&
        make("ul", {}, sources.map((source) => make("li", {}, `[${source.number}] `, makePlaceLink(source, { lang: locale, newTab })))),
      makeFailure(this.#exchange, {
        strings,
        retry: () => {
          this.element.focus({ preventScroll: true }); // the button that was pressed goes away
          retry(this.#exchange);
        },
      }),
    ];
  }
}

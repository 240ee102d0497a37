// What was asked and answered, kept for the tab: it survives a reload, and ends with the tab.
//
// An exchange is plain data: { question, locale, state, said, sources, reply, failure, rating,
// handedOver }. Its state is asking, answered (refusals too), stopped or failed.

const VERSION = 1;
const EXCHANGES_MAX = 50;
// What the service takes.
const TURNS_MAX = 20;
const TURN_MAX_CHARS = 4_000;
// As many as a reader looks at below a refusal.
const NEAREST_MAX = 3;
const STATES = new Set(["answered", "stopped", "failed"]);

export class Conversation {
  #name;

  // `name` tells the widgets of a tab apart.
  constructor(name) {
    this.#name = `citedesk:${name}`;
    this.exchanges = this.#restore();
  }

  begin(question, locale) {
    const exchange = { question, locale, rating: null, handedOver: false };
    this.exchanges.push(exchange);
    if (this.exchanges.length > EXCHANGES_MAX) this.exchanges.shift();
    return this.restart(exchange);
  }

  restart(exchange) {
    const blank = { state: "asking", said: "", sources: [], reply: null, failure: null };
    Object.assign(exchange, blank);
    this.save();
    return exchange;
  }

  answer(exchange, reply) {
    Object.assign(exchange, { state: "answered", reply: shorten(reply) });
    this.save();
  }

  clear() {
    this.exchanges = [];
    this.save();
  }

  // What `exchange` goes on from: the turns before it, and the id that they have at the service.
  before(exchange) {
    const answered = this.exchanges
      .slice(0, this.exchanges.indexOf(exchange))
      .filter((each) => each.state === "answered");
    const turns = answered.flatMap((each) => turnsOf(each)).slice(-TURNS_MAX);
    return { conversation: answered.at(-1)?.reply.conversation ?? null, turns };
  }

  // The turns to pass on with `exchange`, oldest first.
  upTo(exchange) {
    return [...this.before(exchange).turns, ...turnsOf(exchange)].slice(-TURNS_MAX);
  }

  save() {
    try {
      const kept = { version: VERSION, exchanges: this.exchanges };
      sessionStorage.setItem(this.#name, JSON.stringify(kept));
    } catch {
      // A browser may refuse to store, or be full: then a reload begins anew.
    }
  }

  #restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#name));
      if (kept?.version !== VERSION) return [];
      return kept.exchanges.map((each) => (STATES.has(each.state) ? each : { ...each, state: "stopped" }));
    } catch {
      return [];
    }
  }
}

function turnsOf({ question, reply, said }) {
  const turns = [{ role: "user", content: question }, { role: "assistant", content: reply?.answer ?? said }];
  return turns.filter((turn) => turn.content).map((turn) => ({ ...turn, content: cut(turn.content) }));
}

// By characters: half of a surrogate pair is none.
function cut(text) {
  return text.length > TURN_MAX_CHARS ? [...text].slice(0, TURN_MAX_CHARS).join("") : text;
}

// Without what is never shown: most of an answer's body are the texts of its hits.
function shorten(reply) {
  const nearest = new Map();
  for (const { article, title, headings, url } of reply.status === "abstained" ? reply.hits : []) {
    if (!nearest.has(article) && nearest.size < NEAREST_MAX) nearest.set(article, { article, title, headings, url });
  }
  return { ...reply, hits: [...nearest.values()] };
}

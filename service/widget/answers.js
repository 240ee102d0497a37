// Asks a question and reads its answer while it comes.

import { Failure } from "./failure.js";

// The service sends a heartbeat far more often; a connection this silent is lost.
const SILENCE_MS = 60_000;

// Gives the reply. `onSaid` gets each sentence, `onSource` each { number, title, url }.
// Throws a Failure, or what aborting by `signal` throws.
export async function ask(session, { question, locale, earlier }, { signal, onSaid, onSource }) {
  const lost = new AbortController();
  const either = AbortSignal.any([signal, lost.signal]);
  let silence;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => lost.abort(), SILENCE_MS);
  };
  heard();
  try {
    const response = await begin(session, { question, locale, earlier }, either);
    return await follow(response, { onSaid, onSource, heard });
  } catch (error) {
    if (signal.aborted || error instanceof Failure) throw error;
    throw new Failure("network"); // the connection broke, or what came was no answer
  } finally {
    clearTimeout(silence);
  }
}

// The turns go along each time: the service need not keep what its users say.
function begin(session, { question, locale, earlier }, signal) {
  const { turns, conversation } = earlier;
  const body = { model: "citedesk", input: [...turns, { role: "user", content: question }], stream: true };
  if (locale) body.metadata = { locale };
  if (conversation !== null) body.citedesk = { conversation };
  return session.post("/v1/responses", body, { signal });
}

async function follow(response, { onSaid, onSource, heard }) {
  for await (const data of readEvents(response.body, heard)) {
    const event = JSON.parse(data);
    if (event.type === "response.output_text.delta") onSaid(event.delta);
    else if (event.type === "response.output_text.annotation.added") onSource(event.annotation);
    else if (event.type === "response.completed") {
      const { citedesk: reply } = event.response;
      if (reply) return reply;
      throw new Failure("failed", { status: response.status });
    } else if (event.type === "response.failed") {
      const { code } = event.response.error ?? {};
      throw new Failure(code === "invalid_prompt" ? "question" : "failed", { status: response.status });
    }
  }
  throw new Failure("network");
}

// The `data` of each event; `onBytes` is called for comments too.
// Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".
async function* readEvents(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // an event without its blank line is no event
      onBytes();
      rest += value;
      // A carriage return at the end may be half of a line's end.
      const whole = rest.endsWith("\r") ? rest.length - 1 : rest.length;
      const lines = rest.slice(0, whole).split(/\r\n|\n|\r/);
      rest = lines.pop() + rest.slice(whole);
      for (const line of lines) {
        if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
        if (line !== "" || data.length === 0) continue;
        yield data.join("\n");
        data = [];
      }
    }
  } finally {
    drain(reader);
  }
}

// To its end, that the connection can be used again.
async function drain(reader) {
  try {
    while (!(await reader.read()).done);
  } catch {
    // Broken or aborted: there is nothing left to read.
  }
}

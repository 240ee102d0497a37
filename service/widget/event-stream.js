// Reads server-sent events. Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".

// The `data` of each event as it arrives; `onBytes` is called for all that arrives, comments too.
export async function* readEvents(body, onBytes) {
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

// What follows an answer: feedback on it, and handing over to a person.
//
// Both take { session, conversation, tell }, where `tell` dispatches an event and says whether its default
// may happen, and give the key of the string that says what came of it.

const NOT_SET_UP = 404;

export async function rate({ session, conversation, tell }, exchange, { rating, reasons, note }) {
  const body = { id: exchange.reply.id, rating, reasons, ...(note && { note }) };
  exchange.rating = rating;
  conversation.save();
  tell("citedesk-feedback", body);
  return send(session, "/v1/feedback", body, { subject: "feedback", done: "feedback_thanks" });
}

// A host that takes the person over itself prevents the event's default.
export async function handOver({ session, conversation, tell }, exchange, { contact, note }) {
  const { id: answer, conversation: name } = exchange.reply;
  const wish = { answer, conversation: name, ...(contact && { contact }), ...(note && { note }) };
  const body = { ...wish, history: conversation.upTo(exchange) };
  const ours = tell("citedesk-hand-over", { question: exchange.question, ...wish }, { cancelable: true });
  const done = "hand_over_done";
  const outcome = ours ? await send(session, "/v1/handover", body, { subject: "hand_over", done }) : done;
  if (outcome === done) {
    exchange.handedOver = true;
    conversation.save();
  }
  return outcome;
}

async function send(session, path, body, { subject, done }) {
  try {
    await session.post(path, body);
    return done;
  } catch (error) {
    return error.status === NOT_SET_UP ? `${subject}_not_set_up` : `${subject}_failed`;
  }
}

// Why there is no answer, or not all of it. Each kind but `incomplete` has its string, error_<kind>.

const KINDS = new Map([
  [401, "refused"], [403, "refused"], [404, "locale"], [408, "late"],
  [429, "rate_limited"], [503, "busy"], [504, "late"],
]);
// Where the service says nothing, or a browser may not read what it says.
const RETRY_AFTER_S = 5;

export class Failure extends Error {
  // `type` is the problem's, "" without one; `retryAfterS` is null where asking again now may help.
  constructor(kind, { status = 0, type = "", retryAfterS = null } = {}) {
    super(`citedesk-chat: ${kind} ${type}`.trim());
    this.kind = kind;
    this.status = status;
    this.type = type;
    this.retryAfterS = retryAfterS;
  }
}

export async function failureOf(response) {
  const { status } = response;
  const problem = await response.json().catch(() => null);
  const waits = status === 429 || status === 503;
  const fields = Array.isArray(problem?.errors) ? problem.errors.map((each) => each?.field) : [];
  const ofLocale = fields.length > 0 && fields.every((field) => /^(metadata\.)?locale$/.test(field));
  const other = status >= 500 ? "failed" : ofLocale ? "locale" : "question";
  return new Failure(KINDS.get(status) ?? other, {
    status,
    type: typeof problem?.type === "string" ? problem.type : "",
    retryAfterS: waits ? readSeconds(response.headers.get("Retry-After")) : null,
  });
}

function readSeconds(text) {
  const seconds = /^\d{1,6}$/.test(text ?? "") ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : RETRY_AFTER_S;
}

// The widget of a Citedesk service beside a Zendesk ticket, and its answers in the agent's reply.
//
// The widget's page talks to exactly this page's origin, and this page to exactly the service's.

const VERSION = 1;
const HEIGHT = "640px";
const PATIENCE_MS = 15_000;

const fault = document.getElementById("fault");
const client = window.ZAFClient.init();
let settings;
start().catch((error) => tell(error?.message ?? String(error)));

async function start() {
  ({ settings } = await client.metadata());
  const service = findService(settings.service);
  const frame = document.createElement("iframe");
  frame.title = "Citedesk";
  frame.allow = "clipboard-write";
  frame.src = `${service}/widget/frame?${await describe()}`;
  const patience = setTimeout(() => tellOrigins(service), PATIENCE_MS);

  window.addEventListener("message", ({ origin, source, data }) => {
    if (origin !== service || source !== frame.contentWindow || data?.citedesk !== VERSION) return;
    if (data.type === "ready") {
      clearTimeout(patience);
      fault.hidden = true;
    }
    if (data.type === "insert-reply" && typeof data.text === "string") insert(data.text);
  });
  document.body.append(frame);
  client.invoke("resize", { width: "100%", height: HEIGHT });
}

// The origin of what the settings name.
function findService(address) {
  const { origin, protocol } = URL.canParse(address) ? new URL(address) : {};
  if (protocol === "https:" || protocol === "http:") return origin;
  throw new Error(`In this app's settings the service's address is ${address}, which must begin with https://`);
}

// What the widget's page is asked for: the ticket's number keeps the conversations of two tickets apart.
async function describe() {
  const known = await client.get(["ticket.id", "ticket.requester.locale", "currentUser.locale"]);
  const asked = new URLSearchParams({ key: (settings.key ?? "").trim(), origin: location.origin, insert: "" });
  // A ticket that is being written has no number yet.
  asked.set("id", `ticket-${known["ticket.id"] ?? crypto.randomUUID()}`);
  const locale = findLocale(known["ticket.requester.locale"]);
  if (locale) asked.set("locale", locale);
  const uiLocale = known["currentUser.locale"];
  if (uiLocale) asked.set("ui-locale", uiLocale.toLowerCase());
  return asked;
}

// The article locale that is the asked one, else one of its language, else none.
function findLocale(wanted) {
  const all = (settings.locales ?? "").toLowerCase().split(/[\s,]+/).filter(Boolean);
  const tag = (wanted ?? "").toLowerCase();
  return all.find((each) => each === tag) ?? all.find((each) => each.split("-")[0] === tag.split("-")[0]);
}

// A rich editor takes HTML: the text goes in as text.
async function insert(text) {
  const rich = await client.get("ticket.comment.useRichText");
  if (!rich["ticket.comment.useRichText"]) return client.invoke("ticket.comment.appendText", text);
  const lines = document.createElement("div");
  for (const line of text.split("\n")) lines.append(line, document.createElement("br"));
  return client.invoke("ticket.comment.appendHtml", lines.innerHTML);
}

// A browser doesn't say why it shows no frame; most often an origin is missing from the key.
function tellOrigins(service) {
  const host = document.referrer ? new URL(document.referrer).origin : "https://SUBDOMAIN.zendesk.com";
  tell(`${service} did not answer. The key needs these origins: ${location.origin} ${host}`);
}

function tell(text) {
  fault.textContent = text;
  fault.hidden = false;
}

// The demonstration: tickets that open, questions that are asked, answers that go into the reply.

const chat = document.getElementById("chat");
const reply = document.getElementById("reply");
const said = document.getElementById("said");
const entries = [...document.querySelectorAll("button.entry")];

// Its key, where the service asks for keys: /?key=pk_...
const key = new URLSearchParams(location.search).get("key");
if (key) {
  chat.setAttribute("key", key);
  keep("key", key);
}

// In this page's address and in those of the other languages.
function keep(name, value) {
  for (const link of document.querySelectorAll("nav.languages a")) link.href = extended(link.href, name, value);
  history.replaceState(null, "", extended(location.href, name, value));
}

function extended(address, name, value) {
  const extended = new URL(address);
  extended.searchParams.set(name, value);
  return extended.href;
}

function openTicket(entry) {
  const opened = entry.getAttribute("aria-controls");
  for (const each of entries) {
    if (each === entry) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
  for (const ticket of document.querySelectorAll("article.ticket")) ticket.hidden = ticket.id !== opened;
  for (const list of document.querySelectorAll("[data-ticket]")) {
    list.hidden = list.dataset.ticket !== opened;
    if (!list.hidden) chat.setAttribute("locale", list.dataset.locale);
  }
  write("");
  said.textContent = "";
  chat.newConversation?.();
  keep("ticket", entry.dataset.number);
}

function write(text) {
  reply.value = text;
  turnReply();
}

// As in the chat: its words decide the direction, the page's language while there are none.
function turnReply() {
  if (reply.value) reply.setAttribute("dir", "auto");
  else reply.removeAttribute("dir");
}

reply.addEventListener("input", turnReply);
turnReply(); // A reload may have kept its words.

for (const entry of entries) {
  entry.addEventListener("click", () => {
    if (!entry.hasAttribute("aria-current")) openTicket(entry);
  });
}

for (const example of document.querySelectorAll("button.example")) {
  example.addEventListener("click", async () => {
    await customElements.whenDefined("citedesk-chat");
    await chat.open();
    await chat.ask(example.textContent);
  });
}

chat.addEventListener("citedesk-insert-reply", ({ detail }) => {
  const before = reply.value.trimEnd();
  write(before ? `${before}\n\n${detail.text}` : detail.text);
  said.textContent = said.dataset.inserted;
});

document.getElementById("send").addEventListener("click", () => {
  said.textContent = said.dataset.sent;
});

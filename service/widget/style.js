// The style sheet, constructed by script: a host's policy need not allow styles of another origin.

let sheet = null;

export function loadStyle() {
  sheet ??= fetchStyle().catch((error) => {
    sheet = null; // the next element tries again
    throw error;
  });
  return sheet;
}

async function fetchStyle() {
  const response = await fetch(new URL("style.css", import.meta.url), { credentials: "omit" });
  if (!response.ok) throw new Error(`citedesk-chat: no style: ${response.status}`);
  const made = new CSSStyleSheet();
  made.replaceSync(await response.text());
  return made;
}

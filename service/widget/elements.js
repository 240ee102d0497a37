// Makes elements: text enters by textContent alone, and links lead to http(s) alone.

// Attributes that are true stand without a value; false, null and undefined ones are left out.
export function make(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  if (text !== undefined) element.textContent = text;
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

export function makeButton(text, onPress, attributes = {}) {
  const button = make("button", { type: "button", part: "button", text, ...attributes });
  button.addEventListener("click", (event) => {
    if (button.getAttribute("aria-disabled") !== "true") onPress(event);
  });
  return button;
}

const openers = new WeakMap();

// A button that shows and hides `panel`, which stands elsewhere in the same root; others may too.
// `place` puts the panel where this button shows it.
export function makeOpener(text, panel, attributes = {}, { place } = {}) {
  const press = () => {
    if (panel.hidden) place?.(panel);
    toggle(panel, opener);
  };
  const opener = makeButton(text, press, { "aria-controls": panel.id, ...attributes });
  openers.set(panel, [...(openers.get(panel) ?? []), opener]);
  opener.setAttribute("aria-expanded", String(!panel.hidden));
  return opener;
}

function toggle(panel, pressed) {
  panel.hidden = !panel.hidden;
  for (const opener of openers.get(panel)) opener.setAttribute("aria-expanded", String(!panel.hidden));
  if (panel.hidden) return;
  // As much of the panel as there is room for, but never without the button that has the focus.
  for (const each of [panel, pressed]) each.scrollIntoView({ block: "nearest", behavior: "instant" });
}

// A link to a place in an article; plain text where the address is no web address.
export function makePlaceLink(place, { lang, newTab }) {
  const name = [place.title, ...(place.headings ?? [])].join(" › ");
  const address = webAddress(place.url);
  if (address === null) return make("span", { text: name, lang, dir: "auto" });
  return make(
    "a",
    { href: address, target: "_blank", rel: "noopener noreferrer" },
    make("bdi", { text: name, lang }),
    make("span", { class: "unseen", text: ` ${newTab}` }),
  );
}

// The address, null where it is none that a link may lead to.
export function webAddress(text) {
  try {
    const address = new URL(text);
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

let made = 0;

// An id that no other element of the page's widgets has.
export function newId() {
  made += 1;
  return `citedesk-${made}`;
}

// Elements are made from text alone: nothing here, or anywhere on the page, parses HTML.

export const $ = (id) => document.getElementById(id);

// An element. props: class, text, dataset, on (listeners), style (custom properties); the rest
// are attributes. A child that is a string is text; null and false are left out.
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name === "dataset") Object.assign(made.dataset, value);
    else if (name === "style") for (const [key, what] of Object.entries(value)) made.style.setProperty(key, what);
    else if (name === "on") for (const [kind, listener] of Object.entries(value)) made.addEventListener(kind, listener);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
  return made;
}

// Says something to screen readers; the same words twice are said twice.
export function announce(words) {
  const said = $("said");
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = words; });
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  previous: "M12 3 6 8l6 5M4 3v10",
  next: "M4 3l6 5-6 5M12 3v10",
  zoomIn: "M8 3v10M3 8h10",
  zoomOut: "M3 8h10",
  zoomAll: "M2 8h12M5 5 2 8l3 3M11 5l3 3-3 3",
};

// A button's picture, drawn in lines.
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", ICONS[name]);
  drawing.append(line);
  return drawing;
}

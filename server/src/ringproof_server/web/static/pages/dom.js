/** Small pieces of the document. @module */

/** @returns {HTMLElement} the element of this id; a missing one is a mistake of ours and throws */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found;
}

/** The server's data for this page. */
export function pageData() {
  return JSON.parse(byId("page-data").textContent);
}

/** Sets the text only when it is another, so that a live region does not repeat itself. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function toggle(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/** An element with a class and text; never with markup. */
export function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Puts text into the clipboard. Rejects where the browser has none for this page or refuses it. */
export async function copy(text) {
  await navigator.clipboard.writeText(text);
}

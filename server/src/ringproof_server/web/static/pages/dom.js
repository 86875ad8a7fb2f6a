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

/** Where the digits of other scripts begin: Arabic-Indic, Persian and Urdu, Devanagari, Bengali, Thai. */
const ZEROS = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50];

/** Digits of those scripts and full-width ones as 0–9; everything else stays. */
export function asciiDigits(text) {
  return text.normalize("NFKC").replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0);
    const zero = ZEROS.find((start) => code >= start && code < start + 10);
    return zero === undefined ? digit : String(code - zero);
  });
}

/** Puts text into the clipboard. Rejects where the browser has none for this page or refuses it. */
export async function copy(text) {
  await navigator.clipboard.writeText(text);
}

/** What survives a reload of this tab. Where the browser keeps nothing for us, nothing survives, and all else works. @module */

const KEPT = "ringproof.session";

/** @returns {{session: object, shown: string}|null} */
export function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/** @param {{session: object, shown: string}|null} state null forgets */
export function keep(state) {
  try {
    if (state === null) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, JSON.stringify(state));
  } catch {
    // Storage that is switched off or full only costs the comfort of going on after a reload.
  }
}

/**
 * When to look after a verification that changes by the server's clock, and what the page around it does.
 * @module
 */

/** @typedef {import("./view.js").View} View */

const SHORTEST_S = 2;
const LONGEST_S = 10;
/** While somebody types digits in a call, which only the server notices. */
const LONGEST_WITH_KEYS_S = 3;
/** Beyond the announced moment, so that the server has done by then what it announced. */
const MARGIN_S = 0.5;
/** For which a server that cannot answer is left alone, at most. */
const LONGEST_HOLD_S = 15;
/** After the expiry, for which an unreachable server is still tried. */
export const GRACE_S = 10;
/** Attempts in these states change no more that matters; only the server's own next step or the expiry is still to come. */
const SETTLED = new Set(["ended", "delivered", "read", "failed"]);

/**
 * Seconds until it is worth asking again. A page cannot hear the phone ring, so while a call or message is on its
 * way it asks more often than an app would.
 *
 * @param {View} view the last answer
 * @param {number} age its age in seconds
 * @param {number} quiet how many looks in a row have found nothing new
 */
export function secondsUntilLook(view, age, quiet) {
  const longest = view.keypad ? LONGEST_WITH_KEYS_S : LONGEST_S;
  const patience = Math.min(SHORTEST_S * 1.5 ** quiet, longest);
  const announced = [view.next.automatic?.in ?? null, view.expires_in]
    .filter((seconds) => seconds !== null)
    .map((seconds) => seconds - age)
    // What is overdue is asked for again with growing pauses, not in a rush.
    .map((seconds) => (seconds > 0 ? Math.max(seconds + MARGIN_S, SHORTEST_S) : patience));
  const settled = SETTLED.has(view.attempt?.status ?? "") && announced.length > 0;
  return Math.min(...announced, ...(settled ? [] : [patience]));
}

/**
 * Seconds for which a server that could not answer is left alone: what it asked for, or longer after each failure
 * in a row; never much longer than the verification lives.
 *
 * @param {number} failures in a row, 1 or more
 * @param {number|null} asked
 * @param {number} left until the expiry
 */
export function holdOff(failures, asked, left) {
  const wait = asked ?? Math.min(2 ** Math.min(failures - 1, 4), LONGEST_HOLD_S);
  return Math.max(Math.min(wait, Math.max(left + GRACE_S, 0) + 1), 0.1);
}

/** Resolves once the page is visible; rejects when the signal is aborted. @param {AbortSignal} signal @returns {Promise<void>} */
export function visible(signal) {
  const page = globalThis.document;
  if (page === undefined || page.visibilityState !== "hidden") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const look = () => page.visibilityState !== "hidden" && resolve();
    page.addEventListener("visibilitychange", look, { signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * What happens to the page, until the signal is aborted.
 *
 * @param {{wake: () => void, leave: () => void}} then
 *   `wake`: it is looked at again, has come back from the back/forward cache, or is online again;
 *   `leave`: it goes for good
 * @param {AbortSignal} signal
 */
export function observePage({ wake, leave }, signal) {
  const page = globalThis.document;
  if (page === undefined) return;
  page.addEventListener("visibilitychange", () => page.visibilityState !== "hidden" && wake(), { signal });
  addEventListener("pageshow", (event) => event.persisted && wake(), { signal });
  addEventListener("online", wake, { signal });
  addEventListener("pagehide", (event) => event.persisted || leave(), { signal });
}

/**
 * When to look after a verification that changes by the server's clock.
 * @module
 */

const SHORTEST_S = 2;
const LONGEST_S = 10;
/** While somebody types digits in a call, which only the server notices. */
const LONGEST_WITH_KEYS_S = 3;
/** Beyond the announced moment, so that the server has done by then what it announced. */
const GRACE_S = 0.5;
/** Attempts in these states change no more that matters; only the server's own next step or the expiry is still to come. */
const SETTLED = new Set(["ended", "delivered", "read", "failed"]);

/**
 * Seconds until it is worth asking again.
 *
 * @param {object} view the last answer
 * @param {number} age its age in seconds
 * @param {number} quiet how many looks in a row have found nothing new
 */
export function secondsUntilLook(view, age, quiet) {
  const longest = view.keypad ? LONGEST_WITH_KEYS_S : LONGEST_S;
  const patience = Math.min(SHORTEST_S * 1.5 ** quiet, longest);
  const announced = [view.next?.automatic?.in, view.expires_in]
    .filter((seconds) => Number.isFinite(seconds))
    .map((seconds) => seconds - age)
    // What is overdue is asked for again with growing pauses, not in a rush.
    .map((seconds) => (seconds > 0 ? Math.max(seconds + GRACE_S, SHORTEST_S) : patience));
  const settled = SETTLED.has(view.attempt?.status) && announced.length > 0;
  return Math.min(...announced, ...(settled ? [] : [patience]));
}

/** Resolves once the page is visible; rejects when the signal is aborted. */
export function visible(signal) {
  return whenever(signal, globalThis.document, "visibilitychange", () => globalThis.document?.visibilityState !== "hidden");
}

/** @param {AbortSignal} signal @param {EventTarget|undefined} target @param {() => boolean} holds */
function whenever(signal, target, name, holds) {
  if (!target || holds()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!holds()) return;
      target.removeEventListener(name, look);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const stop = () => {
      target.removeEventListener(name, look);
      reject(signal.reason);
    };
    target.addEventListener(name, look);
    signal.addEventListener("abort", stop, { once: true });
  });
}

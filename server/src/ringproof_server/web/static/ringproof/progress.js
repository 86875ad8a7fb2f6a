/**
 * What a verification tells the page while it runs.
 * @module
 */

/** What a screen should show now, in the words of all clients. */
export const PROGRESS_KINDS = Object.freeze(
  /** @type {const} */ (["preparing", "starting", "calling", "ringing", "checking", "wrong", "code", "keypad", "waiting",
    "offline", "refused", "verified"]),
);

/** @typedef {import("./view.js").View} View */

/**
 * @typedef {object} Progress
 * @property {typeof PROGRESS_KINDS[number]} kind preparing: before the start · starting · calling: a call is on its
 *   way · ringing: the network says that it rings · checking: evidence was sent · wrong: it did not fit · code: a
 *   code is on its way, or an authenticator has it · keypad: a call asks for the digits in `view.keypad` · waiting:
 *   the server notices the proof by itself · offline: no network, trying on · refused: another channel is not
 *   possible (yet) · verified
 * @property {View|null} view null before the start was answered
 * @property {number|null} seconds how long to wait before asking again, where the server said it
 */

/**
 * A proved number. `token` is the proof, for a back end, which verifies it; the rest is for the screen.
 *
 * @typedef {object} Verified
 * @property {string} token
 * @property {string|null} phoneNumber
 * @property {string|null} channel
 * @property {View} view
 */

/** @typedef {(progress: Progress) => void} Teller */
export {};

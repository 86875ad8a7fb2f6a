/**
 * Where a verification stands, and since when. No input or output.
 * @module
 */
import { finished, NOTHING_NEXT, signature, stepOf } from "./view.js";

/**
 * @typedef {import("./view.js").View} View
 * @typedef {import("./progress.js").Progress} Progress
 */

/** The last answer that counts. */
export class Standing {
  #clock;
  #seenAt;
  #sent = 0;
  #accepted = 0;
  #step = "";
  #rang = false;

  /** @param {View} view @param {import("./transport.js").Clock} clock */
  constructor(view, clock) {
    this.#clock = clock;
    this.#seenAt = clock.now();
    this.view = view;
  }

  get pending() {
    return !finished(this.view);
  }

  /** The view's age in seconds. */
  get age() {
    return (this.#clock.now() - this.#seenAt) / 1000;
  }

  /** Seconds until it expires, negative afterwards. */
  get left() {
    return (this.view.expires_in ?? Infinity) - this.age;
  }

  /** The place of a request among all, in the order of their departure. */
  depart() {
    return (this.#sent += 1);
  }

  /**
   * Takes an answer over, unless one to a later request is known already: answers may overtake each other.
   *
   * @param {number} departed
   * @param {View} view
   * @returns {"late"|"same"|"changed"}
   */
  arrive(departed, view) {
    if (departed < this.#accepted || !this.pending) return "late";
    this.#accepted = departed;
    const changed = signature(view) !== signature(this.view);
    this.view = view;
    this.#seenAt = this.#clock.now();
    return changed || view.result !== null ? "changed" : "same";
  }

  /** Ends it here, as the server has or will. @param {"expired"|"failed"|"cancelled"} status */
  end(status) {
    this.view = Object.freeze({ ...this.view, status, next: NOTHING_NEXT, result: null });
  }

  /** What is new to tell of the current step: that it has begun, that it rings. @returns {Progress["kind"][]} */
  news() {
    const { attempt, flashcall, code, keypad } = this.view;
    /** @type {Progress["kind"][]} */
    const told = [];
    const step = stepOf(this.view);
    if (step !== this.#step) {
      this.#step = step;
      this.#rang = false;
      told.push(flashcall ? "calling" : code ? "code" : keypad ? "keypad" : "waiting");
    }
    if (flashcall && attempt?.status === "ringing" && !this.#rang) {
      this.#rang = true;
      told.push("ringing");
    }
    return told;
  }
}

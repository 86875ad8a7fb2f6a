/**
 * One verification in a page, as the page sees it.
 * @module
 */
import { RingproofProblem } from "./problem.js";
import { Run } from "./run.js";
import { bounded } from "./typed.js";

/**
 * @typedef {import("./progress.js").Progress} Progress
 * @typedef {import("./progress.js").Verified} Verified
 * @typedef {import("./run.js").EventName} EventName
 * @typedef {import("./view.js").View} View
 */

/**
 * It follows the server by itself until it is finished or `stop()` is called. Events, each but the last with a
 * property for one handler, which gets the event's `detail`:
 *
 * `progress` ({@link Progress}): what to show now · `change` ({@link View}): something is different · `code`
 * (string): a code was read out of a text message and is confirmed now, unless a listener calls the event's
 * `preventDefault()` · `problem` ({@link RingproofProblem}): a look at the server failed; it goes on trying if that
 * can help · `look` ({@link View}): a look found nothing new
 */
export class Session extends EventTarget {
  #line;
  #webotp;
  #run;

  /** @type {((progress: Progress) => void)|null} */
  onprogress = null;
  /** @type {((view: View) => void)|null} */
  onchange = null;
  /** @type {((code: string) => void)|null} */
  oncode = null;
  /** @type {((problem: RingproofProblem) => void)|null} */
  onproblem = null;

  /**
   * @hideconstructor Sessions come from `start` and `resume`.
   * @param {import("./run.js").RunParts} parts
   * @param {import("./progress.js").Teller|null} onprogress
   */
  constructor(parts, onprogress) {
    super();
    this.#line = parts.line;
    this.#webotp = parts.webotp;
    this.onprogress = onprogress;
    /** Your own text of up to 500 characters that comes back after a reload. */
    this.note = parts.note;
    this.#run = new Run(parts, (name, detail) => this.#emit(name, detail));
    /**
     * The proof, once there is one. Fails as `verification-failed`, `verification-expired` or
     * `verification-cancelled`, and with what the server refused for good.
     * @type {Promise<Verified>}
     */
    this.result = this.#run.result;
  }

  /** The signed proof once verified, else null. */
  get token() {
    return this.#run.token;
  }

  /** The last answer. @returns {View} */
  get view() {
    return this.#run.view;
  }

  /** Whether it has not ended. */
  get pending() {
    return this.#run.pending;
  }

  /** What is left now of a number of seconds that the last answer named. @param {number} seconds */
  remaining(seconds) {
    return Math.max(0, seconds - this.#run.age);
  }

  /**
   * What the person typed, for whichever step it is: the last digits of the number that called (or all of it), or a
   * code, in any script, with blanks and dashes. It is sent as soon as a check is allowed; a newer entry takes the
   * place of an older one that still waits. Where the connection is lost it is sent once it is back.
   *
   * @param {string} typed
   * @param {"manual"|"webotp"} [source]
   * @returns {Promise<View>} `status` "verified", or "pending" with `result`; "incomplete" means that it was too
   *   short and nothing was sent
   * @throws {RingproofProblem}
   */
  enter(typed, source = "manual") {
    return this.#run.enter(typed, source);
  }

  /**
   * The last digits of the number that called, as they are; `enter` takes what people type.
   * @param {string} digits
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  async confirmDigits(digits) {
    return this.#run.confirm({ channel: "flashcall", last_digits: bounded(digits) });
  }

  /**
   * The code of the current step, as it is; `enter` takes what people type.
   * @param {string} code
   * @param {"manual"|"webotp"} [source]
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  async confirmCode(code, source = "manual") {
    return this.#run.confirm({ channel: this.view.attempt?.channel ?? "sms", code: bounded(code), source });
  }

  /**
   * Digits that were typed in a call. It happens by itself as soon as `view.keypad.typed`.
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  async confirmKeypad() {
    return this.#run.confirm({ channel: "keypad" });
  }

  /**
   * Goes to the next step at once, or to a named channel.
   * @param {string} [channel]
   * @returns {Promise<View>}
   * @throws {RingproofProblem} for example `too-early`, `no-steps-left`; told as the progress `refused` too
   */
  async next(channel) {
    try {
      return await this.#run.act(() => this.#line.next(channel));
    } catch (problem) {
      const refused = problem instanceof RingproofProblem && problem.status > 0 && problem.status < 500;
      if (refused) this.#run.tell("refused", problem.retryAfter);
      throw problem;
    }
  }

  /**
   * Tells the server what the phone did; never verifies.
   * @param {"no_call"|"late_call"|"seen"} kind
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  report(kind) {
    return this.#run.act(() => this.#line.report(kind));
  }

  /** Ends it; the phone stops ringing. @returns {Promise<View>} @throws {RingproofProblem} */
  cancel() {
    return this.#run.act(() => this.#line.cancel());
  }

  /** Looks at the server now. @returns {Promise<View>} @throws {RingproofProblem} */
  poll() {
    return this.#run.act(() => this.#line.get());
  }

  /** Something may have changed meanwhile: looks at the server. The page's own events do this by themselves. */
  wake() {
    this.#run.wake();
  }

  /** Stops following and listening; the verification itself goes on, and a reload can go on with it. */
  stop() {
    this.#run.stop();
  }

  /**
   * Enrols an authenticator for the number that was just proved. Once, within five minutes; asking again after a lost
   * answer gets the same one.
   * @param {string} [label] your own name for it
   * @returns {Promise<Readonly<import("./devices.js").Authenticator>>}
   * @throws {RingproofProblem}
   */
  enrol(label) {
    return this.#line.enrol(label);
  }

  /** What `resume` needs, a secret of this browser: keep it in `sessionStorage` at most. */
  toJSON() {
    return { ...this.#line.proofs, webotp: this.#webotp };
  }

  /**
   * Whether nobody objected.
   * @param {EventName} name
   * @param {any} detail
   */
  #emit(name, detail) {
    try {
      if (name !== "look") this[`on${name}`]?.(detail);
    } catch (error) {
      // As with listeners: a page's own mistake is reported and stops nothing here.
      reportError(error);
    }
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: name === "code" }));
  }
}

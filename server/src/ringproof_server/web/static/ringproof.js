/**
 * Ringproof in a web page: proves that the person in front of the browser controls a phone number.
 *
 * No dependencies, no inline code; works under a strict content security policy. Load it as a module:
 *
 *     import { Ringproof } from "https://verify.example/assets/ringproof.js";
 *     const ringproof = Ringproof({ server: "https://verify.example", key: "rp_pk_…", language: "de" });
 *     const session = await ringproof.start("+447400123456");
 *     session.onchange = (view) => draw(view);            // rings, falls back, expires
 *     await session.confirmDigits("0018");                // the last digits of the number that called
 *     session.token;                                      // send it to your back end, which verifies it
 *
 * The page's origin must be one of the application's allowed origins.
 * @module
 */
import { makeProof, peekToken, receiveCode } from "./ringproof/proof.js";
import { PROBLEMS, RingproofProblem, systemClock, Transport } from "./ringproof/transport.js";
import { secondsUntilLook, visible } from "./ringproof/watch.js";

export { peekToken, PROBLEMS, RingproofProblem };

/**
 * Where a verification stands, as the server answers it.
 * @typedef {object} View
 * @property {string} id
 * @property {"pending"|"verified"|"failed"|"expired"|"cancelled"} status
 * @property {string|null} reason
 * @property {string} phone_number masked
 * @property {number} expires_in seconds
 * @property {{id: string, channel: string, status: string, reason: string|null}|null} attempt
 * @property {{caller_id_pattern: {prefix: string, length: number|null}, digits_to_type: number, calls: number,
 *   call: number, interception_timeout: number}|null} flashcall null unless the current step is a call to look at
 * @property {{length: number}|null} code null unless the current step is a code
 * @property {{digits: string, typed: boolean}} [keypad] while a call asks the person for these digits: show them,
 *   and confirm with `confirmKeypad()` once they were typed
 * @property {{channel: string, reason: string}[]} skipped
 * @property {{check_in: number|null, channels: Object<string, number>,
 *   automatic: {channel: string, in: number}|null}} next seconds until something is allowed or happens
 * @property {number} checks_left
 * @property {number} assurance_bits
 * @property {"mismatch"|"more_evidence"|"withheld"} [result] in the answer to a confirm that did not verify
 */

/**
 * @typedef {object} StartOptions
 * @property {string[]} [channels] which channels, in which order; the application's own workflow otherwise
 * @property {string} [reference] your own name for this verification
 * @property {string} [nonce] comes back in the token
 * @property {{amount: string, currency: string, payee: string}} [transaction]
 * @property {boolean} [webotp] whether to read the code out of a text message where the browser can; default true
 */

const VERIFICATIONS = "/v1/verifications";
/** Problems after which a pending verification cannot be finished from here any more. */
const OVER = new Set(["challenge-expired", "not-found"]);

/**
 * @param {{server: string, key: string, language?: string, fetch?: typeof fetch, clock?: typeof systemClock}} options
 *   `server`: the server's public address; `key`: a publishable key (`rp_pk_…`), never a secret one;
 *   `language`: of the messages and the voice, BCP 47, by default the page's or the browser's
 * @returns {Readonly<{start: (number: string, options?: StartOptions) => Promise<Session>,
 *   resume: (saved: object) => Promise<Session>}>}
 */
export function Ringproof({ server, key, language, fetch = globalThis.fetch.bind(globalThis), clock = systemClock }) {
  if (!/^rp_pk_/.test(key ?? "")) throw new TypeError("a page needs a publishable key: rp_pk_…");
  const transport = new Transport({ server, key, fetch, clock });
  return Object.freeze({
    /**
     * Starts a verification: the phone begins to ring within seconds.
     * @param {string} number in international form
     * @param {StartOptions} [options]
     * @throws {RingproofProblem}
     */
    async start(number, { channels, reference, nonce, transaction, webotp = true } = {}) {
      const proof = await makeProof();
      const view = await transport.send("POST", VERIFICATIONS, {
        body: {
          phone_number: number,
          code_challenge: proof.challenge,
          code_challenge_method: "S256",
          language: language ?? (globalThis.document?.documentElement.lang || globalThis.navigator?.language),
          capabilities: { caller_id: false, ring_time: false, web_origin: globalThis.location?.origin },
          channels, reference, nonce, transaction,
        },
      });
      return new Session({ transport, clock, view, challenge: view.challenge, verifier: proof.verifier, webotp });
    },

    /**
     * Goes on with what `JSON.stringify(session)` kept, for example after a reload.
     * @param {{id: string, challenge: string, verifier: string}} saved
     * @throws {RingproofProblem}
     */
    async resume({ id, challenge, verifier, webotp = true }) {
      const view = await transport.send("GET", `${VERIFICATIONS}/${encodeURIComponent(id)}`, { challenge });
      return new Session({ transport, clock, view, challenge, verifier, webotp });
    },
  });
}

/**
 * One verification in progress. It follows the server by itself until it is finished or `stop()` is called.
 *
 * `onchange(view)` (event `change`): something is different · `onproblem(problem)` (event `problem`): a look at
 * the server failed; it goes on trying · `oncode(code)` (event `code`): a code arrived by WebOTP; pass it to
 * `confirmCode(code, "webotp")`.
 */
export class Session extends EventTarget {
  #transport;
  #clock;
  #challenge;
  #verifier;
  #webotp;
  #view;
  #seenAt = 0;
  #sent = 0;
  #accepted = 0;
  #acting = 0;
  #evidence = null;
  #watching = null;
  #listening = null;

  /** The signed proof once verified, else null. */
  token = null;
  /** @type {((view: View) => void)|null} */
  onchange = null;
  /** @type {((problem: RingproofProblem) => void)|null} */
  onproblem = null;
  /** @type {((code: string) => void)|null} */
  oncode = null;

  /** @hideconstructor Sessions come from `start` and `resume`. */
  constructor({ transport, clock, view, challenge, verifier, webotp }) {
    super();
    this.#transport = transport;
    this.#clock = clock;
    this.#challenge = challenge;
    this.#verifier = verifier;
    this.#webotp = webotp;
    // In a later task, so that the first event finds the handlers that are set after `await start(…)`.
    this.#view = view;
    this.#seenAt = clock.now();
    setTimeout(() => this.#settle());
  }

  /** @returns {View} the last answer */
  get view() {
    return this.#view;
  }

  get pending() {
    return this.#view.status === "pending";
  }

  /** What is left now of a number of seconds that the last answer named. */
  remaining(seconds) {
    return Math.max(0, seconds - (this.#clock.now() - this.#seenAt) / 1000);
  }

  /**
   * The last digits of the number that called.
   * @param {string} digits
   * @returns {Promise<View>} `status` "verified", or "pending" with `result`
   * @throws {RingproofProblem}
   */
  confirmDigits(digits) {
    return this.#confirm({ channel: "flashcall", last_digits: digits });
  }

  /**
   * The code of the current step.
   * @param {string} code
   * @param {"manual"|"webotp"} [source]
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  confirmCode(code, source = "manual") {
    return this.#confirm({ channel: this.#view.attempt?.channel, code, source });
  }

  /**
   * Digits that the person has typed in a call: for when `view.keypad.typed` is true.
   * @returns {Promise<View>} `status` "verified", or "pending" with `result` "more_evidence" before that
   * @throws {RingproofProblem}
   */
  confirmKeypad() {
    return this.#confirm({ channel: "keypad" });
  }

  /**
   * Goes to the next step at once, or to a named channel.
   * @param {string} [channel]
   * @returns {Promise<View>}
   * @throws {RingproofProblem} for example `too-early`, `no-steps-left`
   */
  next(channel) {
    return this.#act("POST", "/next", { body: channel === undefined ? {} : { channel } });
  }

  /** Tells the server what the phone did; never verifies. @param {"no_call"|"late_call"|"seen"} kind */
  report(kind) {
    return this.#act("POST", "/reports", { body: { kind } });
  }

  /** Ends it; the phone stops ringing. @returns {Promise<View>} @throws {RingproofProblem} */
  cancel() {
    return this.#act("DELETE", "");
  }

  /** Looks at the server now. @returns {Promise<View>} @throws {RingproofProblem} */
  poll() {
    return this.#act("GET", "");
  }

  /** Stops following and listening; the verification itself goes on. */
  stop() {
    this.#watching?.abort();
    this.#listening?.abort.abort();
  }

  /** What `resume` needs, a secret of this browser: keep it in `sessionStorage` at most. */
  toJSON() {
    return { id: this.#view.id, challenge: this.#challenge, verifier: this.#verifier, webotp: this.#webotp };
  }

  #confirm(evidence) {
    this.#evidence = evidence;
    const body = { challenge: this.#challenge, code_verifier: this.#verifier, evidence };
    return this.#act("POST", "/confirm", { body });
  }

  async #act(method, path, request = {}) {
    this.#acting += 1;
    try {
      return await this.#send(method, path, request);
    } finally {
      this.#acting -= 1;
    }
  }

  async #send(method, path, { body, signal } = {}) {
    const order = (this.#sent += 1);
    const challenge = path === "/confirm" ? undefined : this.#challenge;
    const address = `${VERIFICATIONS}/${encodeURIComponent(this.#view.id)}${path}`;
    try {
      this.#accept(order, await this.#transport.send(method, address, { body, challenge, signal }));
    } catch (problem) {
      if (problem.slug === "already-finished" && method !== "GET") return this.#send("GET", "", { signal });
      if (!OVER.has(problem.slug) || !this.pending) throw problem;
      this.#accept(order, { ...this.#view, status: "expired", next: { check_in: null, channels: {}, automatic: null } });
    }
    return this.#view;
  }

  /** Takes an answer over, unless one to a later request is known already: answers may overtake each other. */
  #accept(order, answer) {
    if (order < this.#accepted || !this.pending) return;
    this.#accepted = order;
    const changed = signature(answer) !== signature(this.#view);
    this.token = answer.token ?? this.token;
    this.#view = answer;
    this.#seenAt = this.#clock.now();
    if (changed || answer.result !== undefined) this.#settle();
    else this.dispatchEvent(new CustomEvent("look", { detail: answer }));
  }

  #settle() {
    this.#emit("change", this.#view);
    this.#watching?.abort();
    if (this.#listening?.attempt !== this.#view.attempt?.id || !this.pending) this.#listening?.abort.abort();
    if (this.pending) {
      this.#watch();
      this.#listen();
    } else if (this.#view.status === "verified" && this.token === null && this.#evidence !== null) {
      this.#recoverToken();
    }
  }

  /** The answer that held the token was lost; the same evidence is answered with the same result. */
  async #recoverToken() {
    const body = { challenge: this.#challenge, code_verifier: this.#verifier, evidence: this.#evidence };
    const address = `${VERIFICATIONS}/${encodeURIComponent(this.#view.id)}/confirm`;
    try {
      this.token = (await this.#transport.send("POST", address, { body })).token ?? null;
      this.#emit("change", this.#view);
    } catch (problem) {
      this.#emit("problem", problem);
    }
  }

  async #watch() {
    const { signal } = (this.#watching = new AbortController());
    for (let quiet = 0; !signal.aborted; quiet += 1) {
      try {
        const pause = secondsUntilLook(this.#view, (this.#clock.now() - this.#seenAt) / 1000, quiet);
        await this.#clock.sleep(pause * 1000, signal);
        await visible(signal);
        // Someone else's request is under way; its answer will tell the same.
        if (this.#acting === 0) await this.#send("GET", "", { signal });
      } catch (problem) {
        if (signal.aborted) return;
        this.#emit("problem", problem);
      }
    }
  }

  async #listen() {
    const { attempt, code: expected } = this.#view;
    if (!this.#webotp || attempt?.channel !== "sms" || !expected || this.#listening?.attempt === attempt.id) return;
    const abort = new AbortController();
    this.#listening = { attempt: attempt.id, abort };
    const code = await receiveCode(abort.signal);
    if (code !== null && !abort.signal.aborted) this.#emit("code", code);
  }

  #emit(name, detail) {
    this[`on${name}`]?.(detail);
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** What makes two answers different for the one who looks: everything but the clocks that run down. */
function signature({ expires_in: _, token: __, challenge: ___, result: ____, next, ...rest }) {
  const ways = Object.keys(next?.channels ?? {}).sort();
  return JSON.stringify([rest, ways, next?.automatic?.channel ?? null, next?.check_in === null]);
}

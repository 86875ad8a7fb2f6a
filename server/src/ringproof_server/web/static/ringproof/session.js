/**
 * One verification in a page, from the answer to its start to the proof.
 * @module
 */
import { Follower } from "./follow.js";
import { RingproofProblem } from "./problem.js";
import { numberIn } from "./proof.js";
import { randomName } from "./transport.js";
import { bounded, evidenceIn } from "./typed.js";
import { finished, NOTHING_NEXT, signature, stepOf } from "./view.js";
import { GRACE_S, observePage, secondsUntilLook } from "./watch.js";
import { MessageCodes } from "./webotp.js";

/**
 * @typedef {import("./line.js").Answer} Answer
 * @typedef {import("./progress.js").Progress} Progress
 * @typedef {import("./progress.js").Verified} Verified
 * @typedef {import("./typed.js").Evidence} Evidence
 * @typedef {import("./view.js").View} View
 * @typedef {{facts: Evidence, once: string, going: Promise<View>|null}} Unjudged evidence whose answer is not known
 */

/**
 * @typedef {object} SessionParts
 * @property {import("./line.js").Line} line
 * @property {View} view
 * @property {boolean} webotp
 * @property {import("./kept.js").Drawer|null} drawer where it is kept for a reload
 * @property {boolean} cancelsOnLeave
 * @property {string} note
 * @property {{facts: Evidence, once: string}|null} evidence
 * @property {import("./progress.js").Teller|null} onprogress
 * @property {AbortSignal} [signal]
 */

/** Problems after which a verification has no time left here. */
const OVER = new Set(["challenge-expired", "not-found"]);

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
  #clock;
  #webotp;
  #drawer;
  #view;
  #seenAt;
  #sent = 0;
  #accepted = 0;
  #acting = 0;
  #entries = 0;
  #step = "";
  #rang = false;
  #keysTold = false;
  #looking = false;
  /** @type {Unjudged|null} */
  #unjudged = null;
  /** @type {Evidence|null} */
  #evidence = null;
  /** @type {RingproofProblem|null} */
  #failure = null;
  #life = new AbortController();
  #follower;
  #messages = new MessageCodes();
  /** @type {(verified: Verified) => void} */
  #resolve = () => {};
  /** @type {(problem: unknown) => void} */
  #reject = () => {};

  /** The signed proof once verified, else null. @type {string|null} */
  token = null;
  /** @type {((progress: Progress) => void)|null} */
  onprogress = null;
  /** @type {((view: View) => void)|null} */
  onchange = null;
  /** @type {((code: string) => void)|null} */
  oncode = null;
  /** @type {((problem: RingproofProblem) => void)|null} */
  onproblem = null;

  /** @hideconstructor Sessions come from `start` and `resume`. @param {SessionParts} parts */
  constructor({ line, view, webotp, drawer, cancelsOnLeave, note, evidence, onprogress, signal }) {
    super();
    this.#line = line;
    this.#clock = line.clock;
    this.#webotp = webotp;
    this.#drawer = drawer;
    this.#view = view;
    this.#seenAt = this.#clock.now();
    this.#unjudged = evidence && { ...evidence, going: null };
    this.#evidence = evidence && evidence.facts;
    this.onprogress = onprogress;
    /** Your own text of up to 500 characters that comes back after a reload. */
    this.note = note;
    /**
     * The proof, once there is one. Fails as `verification-failed`, `verification-expired` or
     * `verification-cancelled`, and with what the server refused for good.
     * @type {Promise<Verified>}
     */
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not ask for the result hears of the end by its events.
    this.result.catch(() => {});
    this.#follower = new Follower({
      clock: this.#clock,
      pause: (quiet) => this.#pause(quiet),
      left: () => this.#left(),
      look: (following) => this.#look(following),
      failed: (problem) => this.#lost(problem),
      refused: (problem) => this.#refused(problem),
    });
    const leave = () => cancelsOnLeave && this.pending && line.sayFarewell();
    observePage({ wake: () => this.wake(), leave }, this.#life.signal);
    signal?.addEventListener("abort", () => this.#abandon(), { signal: this.#life.signal });
    this.#keep();
    // In a later task, so that the first events find the handlers that are set after `await start(…)`.
    setTimeout(() => (signal?.aborted ? this.#abandon() : this.#settle()));
  }

  /** The last answer. @returns {View} */
  get view() {
    return this.#view;
  }

  /** Whether it has not ended. */
  get pending() {
    return !finished(this.#view);
  }

  /** What is left now of a number of seconds that the last answer named. @param {number} seconds */
  remaining(seconds) {
    return Math.max(0, seconds - (this.#clock.now() - this.#seenAt) / 1000);
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
  async enter(typed, source = "manual") {
    const mine = (this.#entries += 1);
    // A message may overtake the news that it was sent.
    if (this.pending && !this.#view.flashcall && !this.#view.code) await this.poll();
    if (evidenceIn(this.#view, typed, source) !== null) {
      const wait = this.remaining(this.#view.next.check_in ?? 0);
      if (wait > 0) await this.#clock.sleep(wait * 1000, this.#life.signal).catch(() => {});
    }
    if (mine !== this.#entries || !this.pending || this.#life.signal.aborted) return this.#view;
    const facts = evidenceIn(this.#view, typed, source);
    return facts === null ? { ...this.#view, result: "incomplete" } : this.#confirm(facts);
  }

  /**
   * The last digits of the number that called, as they are; `enter` takes what people type.
   * @param {string} digits
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  async confirmDigits(digits) {
    return this.#confirm({ channel: "flashcall", last_digits: bounded(digits) });
  }

  /**
   * The code of the current step, as it is; `enter` takes what people type.
   * @param {string} code
   * @param {"manual"|"webotp"} [source]
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  async confirmCode(code, source = "manual") {
    return this.#confirm({ channel: this.#view.attempt?.channel ?? "sms", code: bounded(code), source });
  }

  /**
   * Digits that were typed in a call. It happens by itself as soon as `view.keypad.typed`.
   * @returns {Promise<View>}
   * @throws {RingproofProblem}
   */
  async confirmKeypad() {
    return this.#confirm({ channel: "keypad" });
  }

  /**
   * Goes to the next step at once, or to a named channel.
   * @param {string} [channel]
   * @returns {Promise<View>}
   * @throws {RingproofProblem} for example `too-early`, `no-steps-left`; told as the progress `refused` too
   */
  async next(channel) {
    try {
      return await this.#act(() => this.#line.next(channel));
    } catch (problem) {
      const refused = problem instanceof RingproofProblem && problem.status > 0 && problem.status < 500;
      if (refused) this.#tell("refused", problem.retryAfter);
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
    return this.#act(() => this.#line.report(kind));
  }

  /** Ends it; the phone stops ringing. @returns {Promise<View>} @throws {RingproofProblem} */
  cancel() {
    return this.#act(() => this.#line.cancel());
  }

  /** Looks at the server now. @returns {Promise<View>} @throws {RingproofProblem} */
  poll() {
    return this.#act(() => this.#line.get());
  }

  /** Something may have changed meanwhile: looks at the server. The page's own events do this by themselves. */
  wake() {
    this.#follower.answered();
    if (this.pending && !this.#life.signal.aborted) this.#follower.start({ now: true });
  }

  /** Stops following and listening; the verification itself goes on, and a reload can go on with it. */
  stop() {
    this.#life.abort();
    this.#follower.stop();
    this.#messages.stop();
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

  // Evidence

  /**
   * The same evidence is one request, however often it is asked for before it is judged.
   * @param {Evidence} facts
   */
  #confirm(facts) {
    if (JSON.stringify(this.#unjudged?.facts) !== JSON.stringify(facts)) {
      this.#unjudged = { facts, once: randomName(), going: null };
    }
    const sending = /** @type {Unjudged} */ (this.#unjudged);
    sending.going ??= this.#judge(sending).finally(() => {
      sending.going = null;
    });
    return sending.going;
  }

  /** @param {Unjudged} sending @returns {Promise<View>} */
  async #judge(sending) {
    this.#evidence = sending.facts;
    this.#messages.stop();
    this.#keep();
    this.#tell("checking");
    try {
      return this.#judged(sending, await this.#act(() => this.#line.confirm(sending.facts, sending.once)));
    } catch (problem) {
      if (!(problem instanceof RingproofProblem)) throw problem;
      // What no channel can ever have sent is as wrong as any other wrong answer.
      if (problem.slug === "invalid-request") return this.#judged(sending, { ...this.#view, result: "mismatch" });
      // Kept, so that evidence outlives a dead network; what the server refuses for good ends it all.
      if (!problem.passes) this.#giveUp(problem);
      else if (!this.#looking) {
        this.#lost(problem);
        if (this.pending && !this.#life.signal.aborted) this.#follower.hold(problem);
      }
      throw problem;
    }
  }

  /** @param {Unjudged} sending @param {View} view @returns {View} */
  #judged(sending, view) {
    if (this.#unjudged === sending) this.#unjudged = null;
    this.#keep();
    if (this.pending && view.result === "mismatch") this.#tell("wrong");
    this.#listen();
    return view;
  }

  /** What was typed in a call is told once: a server that wants more is not asked again without end. */
  #confirmKeys() {
    const typed = this.#view.keypad?.typed === true;
    if (typed && !this.#keysTold) this.confirmKeypad().catch((problem) => this.#emit("problem", problem));
    this.#keysTold = typed;
  }

  // Requests

  /** One request that somebody waits for. @param {() => Promise<Answer>} ask @returns {Promise<View>} */
  async #act(ask) {
    this.#acting += 1;
    try {
      return await this.#take(ask);
    } catch (problem) {
      if (!(problem instanceof RingproofProblem) || problem.slug !== "already-finished") throw problem;
      return await this.#take(() => this.#line.get());
    } finally {
      this.#acting -= 1;
    }
  }

  /** @param {() => Promise<Answer>} ask @returns {Promise<View>} */
  async #take(ask) {
    const order = (this.#sent += 1);
    try {
      const answer = await ask();
      this.#accept(order, answer);
      return { ...this.#view, result: answer.view.result };
    } catch (problem) {
      if (!(problem instanceof RingproofProblem && OVER.has(problem.slug) && this.pending)) throw problem;
      this.#giveUp(problem);
      return this.#view;
    }
  }

  /**
   * Takes an answer over, unless one to a later request is known already: answers may overtake each other.
   * @param {number} order
   * @param {Answer} answer
   */
  #accept(order, { view, token }) {
    if (order < this.#accepted || !this.pending) return;
    this.#accepted = order;
    this.#follower.answered();
    const changed = signature(view) !== signature(this.#view);
    this.token = token ?? this.token;
    this.#view = view;
    this.#seenAt = this.#clock.now();
    if (changed || view.result !== null) this.#settle();
    else this.#emit("look", view);
  }

  // Steps

  /** Enters the step that the view shows. */
  #settle() {
    this.#follower.stop();
    this.#messages.stop(this.pending ? this.#view.attempt?.id : undefined);
    this.#emit("change", this.#view);
    if (!this.pending) {
      this.#finish();
      return;
    }
    this.#tellStep();
    if (this.#life.signal.aborted || !this.pending) return;
    this.#follower.start();
    this.#listen();
    this.#confirmKeys();
  }

  #tellStep() {
    const { attempt, flashcall, code, keypad } = this.#view;
    const step = stepOf(this.#view);
    if (step !== this.#step) {
      this.#step = step;
      this.#rang = false;
      this.#tell(flashcall ? "calling" : code ? "code" : keypad ? "keypad" : "waiting");
    }
    if (flashcall && attempt?.status === "ringing" && !this.#rang) {
      this.#rang = true;
      this.#tell("ringing");
    }
  }

  /** Ends it here, as the server has. */
  async #finish() {
    this.stop();
    const { status, id, reason, attempt } = this.#view;
    try {
      if (status !== "verified") {
        throw this.#failure ?? new RingproofProblem(`verification-${status}`, { verification: id, reason });
      }
      const channel = attempt?.channel ?? null;
      if (this.token === null) {
        const evidence = this.#evidence ?? (channel === "keypad" ? { channel } : null);
        this.token = await this.#line.recoverToken(evidence, (problem) => this.#emit("problem", problem));
        this.#emit("change", this.#view);
      }
      this.#tell("verified");
      this.#resolve({ token: this.token, phoneNumber: numberIn(this.token), channel, view: this.#view });
    } catch (problem) {
      this.#reject(problem);
    }
    this.#drawer?.clear();
  }

  /** @param {RingproofProblem} problem */
  #refused(problem) {
    this.#emit("problem", problem);
    this.#giveUp(problem);
  }

  /** What the server refuses for good is the end. @param {RingproofProblem} problem */
  #giveUp(problem) {
    if (!this.pending) return;
    this.#failure = problem.slug === "challenge-expired" ? null : problem;
    if (!OVER.has(problem.slug)) this.#line.sayFarewell();
    this.#endAs(OVER.has(problem.slug) ? "expired" : "failed");
  }

  #abandon() {
    if (!this.pending) return;
    this.#line.sayFarewell();
    this.#endAs("cancelled");
  }

  /** @param {"expired"|"failed"|"cancelled"} status */
  #endAs(status) {
    this.#view = Object.freeze({ ...this.#view, status, next: NOTHING_NEXT, result: null });
    this.#settle();
  }

  // Following

  /**
   * Sends what is not judged yet, else asks, unless somebody's request is under way, which will tell the same.
   * @param {AbortSignal} signal
   */
  async #look(signal) {
    if (this.#acting > 0) return;
    if (this.#unjudged) {
      this.#looking = true;
      await this.#confirm(this.#unjudged.facts).finally(() => {
        this.#looking = false;
      });
    } else await this.#take(() => this.#line.get(signal));
  }

  /** Seconds until the next look. @param {number} quiet */
  #pause(quiet) {
    const age = (this.#clock.now() - this.#seenAt) / 1000;
    return this.#unjudged?.going === null ? 0 : secondsUntilLook(this.#view, age, quiet);
  }

  /** Seconds until it expires, negative afterwards. */
  #left() {
    return (this.#view.expires_in ?? Infinity) - (this.#clock.now() - this.#seenAt) / 1000;
  }

  /** A look, or what was entered, found no server; long after the expiry that is the end. @param {RingproofProblem} problem */
  #lost(problem) {
    this.#emit("problem", problem);
    if (problem.slug === "server-unreachable") this.#tell("offline");
    if (this.pending && this.#left() < -GRACE_S) this.#endAs("expired");
  }

  /** Waits for the code of the current text message; typed evidence has stopped that, and a wrong one starts it anew. */
  async #listen() {
    const { attempt, code: expected } = this.#view;
    const wanted = this.#webotp && this.pending && attempt?.channel === "sms" && expected !== null;
    if (!wanted || this.#life.signal.aborted || this.#unjudged) return;
    const code = await this.#messages.receive(attempt.id);
    if (code === null || !this.#emit("code", code)) return;
    this.enter(code, "webotp").catch((problem) => this.#emit("problem", problem));
  }

  // The page

  #keep() {
    if (!this.pending || !this.#drawer) return;
    const evidence = this.#unjudged && { facts: this.#unjudged.facts, once: this.#unjudged.once };
    const lives = this.remaining(this.#view.expires_in ?? 0);
    this.#drawer.write({ ...this.toJSON(), note: this.note, evidence }, this.#clock.now(), lives);
  }

  /** @param {Progress["kind"]} kind @param {number|null} [seconds] */
  #tell(kind, seconds = null) {
    this.#emit("progress", { kind, view: this.#view, seconds });
  }

  /**
   * Whether nobody objected.
   * @param {"change"|"progress"|"code"|"problem"|"look"} name
   * @param {any} detail
   */
  #emit(name, detail) {
    if (name !== "look") this[`on${name}`]?.(detail);
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: name === "code" }));
  }
}

/**
 * What happens in one verification, from the answer to its start to the proof.
 * @module
 */
import { Follower } from "./follow.js";
import { RingproofProblem } from "./problem.js";
import { numberIn } from "./proof.js";
import { Standing } from "./standing.js";
import { randomName } from "./transport.js";
import { evidenceIn } from "./typed.js";
import { GRACE_S, observePage, secondsUntilLook } from "./watch.js";
import { MessageCodes } from "./webotp.js";

/**
 * @typedef {import("./line.js").Answer} Answer
 * @typedef {import("./progress.js").Progress} Progress
 * @typedef {import("./progress.js").Verified} Verified
 * @typedef {import("./typed.js").Evidence} Evidence
 * @typedef {import("./view.js").View} View
 * @typedef {{facts: Evidence, once: string, going: Promise<View>|null}} Unjudged evidence whose answer is not known
 * @typedef {"change"|"progress"|"code"|"problem"|"look"} EventName
 */

/**
 * @typedef {object} RunParts
 * @property {import("./line.js").Line} line
 * @property {View} view
 * @property {boolean} webotp
 * @property {import("./kept.js").Drawer|null} drawer where it is kept for a reload
 * @property {boolean} cancelsOnLeave
 * @property {string} note
 * @property {{facts: Evidence, once: string}|null} evidence
 * @property {AbortSignal} [signal]
 */

/** Problems after which a verification has no time left here. */
const OVER = new Set(["challenge-expired", "not-found"]);

/** It follows the server by itself until it is finished or stopped. */
export class Run {
  #line;
  #clock;
  #webotp;
  #drawer;
  #standing;
  #acting = 0;
  #entries = 0;
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
  #note;
  #emit;
  /** @type {(verified: Verified) => void} */
  #resolve = () => {};
  /** @type {(problem: unknown) => void} */
  #reject = () => {};

  /** The signed proof once verified, else null. @type {string|null} */
  token = null;

  /**
   * @param {RunParts} parts
   * @param {(name: EventName, detail: any) => boolean} emit tells the page, and whether nobody objected
   */
  constructor({ line, view, webotp, drawer, cancelsOnLeave, note, evidence, signal }, emit) {
    this.#emit = emit;
    this.#line = line;
    this.#clock = line.clock;
    this.#webotp = webotp;
    this.#drawer = drawer;
    this.#standing = new Standing(view, this.#clock);
    this.#unjudged = evidence && { ...evidence, going: null };
    this.#evidence = evidence && evidence.facts;
    this.#note = note;
    /** @type {Promise<Verified>} */
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not ask for the result hears of the end by its events.
    this.result.catch(() => {});
    this.#follower = new Follower({
      clock: this.#clock,
      pause: (quiet) => this.#pause(quiet),
      left: () => this.#standing.left,
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

  get view() {
    return this.#standing.view;
  }

  get pending() {
    return this.#standing.pending;
  }

  /** The view's age in seconds. */
  get age() {
    return this.#standing.age;
  }

  wake() {
    this.#follower.answered();
    if (this.pending && !this.#life.signal.aborted) this.#follower.start({ now: true });
  }

  stop() {
    this.#life.abort();
    this.#follower.stop();
    this.#messages.stop();
  }

  /** As the session promises it. @param {string} typed @param {"manual"|"webotp"} source @returns {Promise<View>} */
  async enter(typed, source) {
    const mine = (this.#entries += 1);
    // A message may overtake the news that it was sent.
    if (this.pending && !this.view.flashcall && !this.view.code) await this.act(() => this.#line.get());
    if (evidenceIn(this.view, typed, source) !== null) {
      const wait = (this.view.next.check_in ?? 0) - this.age;
      if (wait > 0) await this.#clock.sleep(wait * 1000, this.#life.signal).catch(() => {});
    }
    if (mine !== this.#entries || !this.pending || this.#life.signal.aborted) return this.view;
    const facts = evidenceIn(this.view, typed, source);
    return facts === null ? { ...this.view, result: "incomplete" } : this.confirm(facts);
  }

  // Evidence

  /**
   * The same evidence is one request, however often it is asked for before it is judged.
   * @param {Evidence} facts
   * @returns {Promise<View>}
   */
  confirm(facts) {
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
    this.tell("checking");
    try {
      return this.#judged(sending, await this.act(() => this.#line.confirm(sending.facts, sending.once)));
    } catch (problem) {
      if (!(problem instanceof RingproofProblem)) throw problem;
      // What no channel can ever have sent is as wrong as any other wrong answer.
      if (problem.slug === "invalid-request") return this.#judged(sending, { ...this.view, result: "mismatch" });
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
    if (this.pending && view.result === "mismatch") this.tell("wrong");
    this.#listen();
    return view;
  }

  /** What was typed in a call is told once: a server that wants more is not asked again without end. */
  #confirmKeys() {
    const typed = this.view.keypad?.typed === true;
    if (typed && !this.#keysTold) this.confirm({ channel: "keypad" }).catch((problem) => this.#emit("problem", problem));
    this.#keysTold = typed;
  }

  // Requests

  /** One request that somebody waits for. @param {() => Promise<Answer>} ask @returns {Promise<View>} */
  async act(ask) {
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
    const departed = this.#standing.depart();
    try {
      const answer = await ask();
      this.#accept(departed, answer);
      return { ...this.view, result: answer.view.result };
    } catch (problem) {
      if (!(problem instanceof RingproofProblem && OVER.has(problem.slug) && this.pending)) throw problem;
      this.#giveUp(problem);
      return this.view;
    }
  }

  /** @param {number} departed @param {Answer} answer */
  #accept(departed, { view, token }) {
    const arrived = this.#standing.arrive(departed, view);
    if (arrived === "late") return;
    this.#follower.answered();
    this.token = token ?? this.token;
    if (arrived === "changed") this.#settle();
    else this.#emit("look", view);
  }

  // Steps

  /** Enters the step that the view shows. */
  #settle() {
    this.#follower.stop();
    this.#messages.stop(this.pending ? this.view.attempt?.id : undefined);
    this.#emit("change", this.view);
    if (!this.pending) {
      this.#finish();
      return;
    }
    for (const kind of this.#standing.news()) this.tell(kind);
    if (this.#life.signal.aborted || !this.pending) return;
    this.#follower.start();
    this.#listen();
    this.#confirmKeys();
  }

  /** Ends it here, as the server has. */
  async #finish() {
    this.stop();
    const { status, id, reason, attempt } = this.view;
    try {
      if (status !== "verified") {
        throw this.#failure ?? new RingproofProblem(`verification-${status}`, { verification: id, reason });
      }
      const channel = attempt?.channel ?? null;
      if (this.token === null) {
        const evidence = this.#evidence ?? (channel === "keypad" ? { channel } : null);
        this.token = await this.#line.recoverToken(evidence, (problem) => this.#emit("problem", problem));
        this.#emit("change", this.view);
      }
      this.tell("verified");
      this.#resolve({ token: this.token, phoneNumber: numberIn(this.token), channel, view: this.view });
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
    this.#standing.end(status);
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
      await this.confirm(this.#unjudged.facts).finally(() => {
        this.#looking = false;
      });
    } else await this.#take(() => this.#line.get(signal));
  }

  /** Seconds until the next look. @param {number} quiet */
  #pause(quiet) {
    const waits = this.#unjudged?.going === null && this.#acting === 0;
    return waits ? 0 : secondsUntilLook(this.view, this.age, quiet);
  }

  /** A look, or what was entered, found no server; long after the expiry that is the end. @param {RingproofProblem} problem */
  #lost(problem) {
    this.#emit("problem", problem);
    if (problem.slug === "server-unreachable") this.tell("offline");
    if (this.pending && this.#standing.left < -GRACE_S) this.#endAs("expired");
  }

  /** Waits for the code of the current text message; typed evidence has stopped that, and a wrong one starts it anew. */
  async #listen() {
    const { attempt, code: expected } = this.view;
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
    const lives = Math.max(0, (this.view.expires_in ?? 0) - this.age);
    this.#drawer.write({ ...this.#line.proofs, webotp: this.#webotp, note: this.#note, evidence }, this.#clock.now(), lives);
  }

  /** @param {Progress["kind"]} kind @param {number|null} [seconds] */
  tell(kind, seconds = null) {
    this.#emit("progress", { kind, view: this.view, seconds });
  }
}

/**
 * Looks at the server again and again, as long as something can change.
 * @module
 */
import { RingproofProblem } from "./problem.js";
import { holdOff, visible } from "./watch.js";

/**
 * @typedef {object} Following
 * @property {import("./transport.js").Clock} clock
 * @property {(quiet: number) => number} pause seconds until the next look after so many that found nothing new
 * @property {() => number} left seconds until the verification expires, negative afterwards
 * @property {(signal: AbortSignal) => Promise<void>} look
 * @property {(problem: RingproofProblem) => void} failed a look has failed, and another one may help
 * @property {(problem: RingproofProblem) => void} refused a look was refused for good
 */

/** One loop at a time, which rests while nobody looks at the page. */
export class Follower {
  #parts;
  #watching = new AbortController();
  #failures = 0;
  /** @type {number|null} */
  #asked = null;

  /** @param {Following} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  stop() {
    this.#watching.abort();
  }

  /** The server can answer again. */
  answered() {
    this.#failures = 0;
  }

  /** A server that could not answer is left alone for a while. @param {RingproofProblem} problem */
  hold(problem) {
    this.#failures += 1;
    this.#asked = problem.retryAfter;
    this.start();
  }

  /** Begins anew; `now` without the first pause. @param {{now?: boolean}} [when] */
  async start({ now = false } = {}) {
    this.#watching.abort();
    const { signal } = (this.#watching = new AbortController());
    const { clock, look } = this.#parts;
    for (let quiet = 0; !signal.aborted; quiet += 1) {
      try {
        const pause = now && quiet === 0 ? 0 : this.#pause(quiet);
        if (pause > 0) await clock.sleep(pause * 1000, signal);
        await visible(signal);
        await look(signal);
      } catch (problem) {
        if (problem instanceof RingproofProblem) this.#trouble(problem, signal);
        else if (!signal.aborted) throw problem;
      }
    }
  }

  /** @param {RingproofProblem} problem @param {AbortSignal} signal */
  #trouble(problem, signal) {
    if (!problem.passes) this.#parts.refused(problem);
    else {
      this.#parts.failed(problem);
      if (!signal.aborted) this.hold(problem);
    }
  }

  /** @param {number} quiet */
  #pause(quiet) {
    if (this.#failures > 0) return holdOff(this.#failures, this.#asked, this.#parts.left());
    return this.#parts.pause(quiet);
  }
}

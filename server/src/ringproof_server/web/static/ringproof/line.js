/**
 * What can be asked of one verification, by the page that has started it.
 * @module
 */
import { enrolledFrom } from "./devices.js";
import { RingproofProblem } from "./problem.js";
import { randomName } from "./transport.js";
import { text, viewFrom } from "./view.js";
import { holdOff } from "./watch.js";

/** @typedef {import("./typed.js").Evidence} Evidence */
/** @typedef {{view: import("./view.js").View, token: string|null}} Answer */
/** @typedef {{id: string, challenge: string, verifier: string}} Proofs */

const VERIFICATIONS = "/v1/verifications";
const MOST_TRIES_FOR_THE_TOKEN = 5;

/**
 * Starts a verification.
 * @param {import("./transport.js").Transport} transport
 * @param {object} body
 * @param {AbortSignal} [signal]
 */
export function start(transport, body, signal) {
  return transport.send("POST", VERIFICATIONS, { body, signal });
}

/** Every method raises `RingproofProblem`. */
export class Line {
  #transport;
  #proofs;
  #address;
  #enrolment = randomName();

  /** @param {import("./transport.js").Transport} transport @param {Proofs} proofs */
  constructor(transport, proofs) {
    this.#transport = transport;
    this.#proofs = proofs;
    this.#address = `${VERIFICATIONS}/${encodeURIComponent(proofs.id)}`;
  }

  get clock() {
    return this.#transport.clock;
  }

  get proofs() {
    return this.#proofs;
  }

  /** @param {AbortSignal} [signal] */
  async get(signal) {
    return answer(await this.#transport.send("GET", this.#address, { challenge: this.#proofs.challenge, signal }));
  }

  /** @param {string} [channel] */
  next(channel) {
    return this.#post("/next", channel === undefined ? {} : { channel });
  }

  /** @param {string} kind */
  report(kind) {
    return this.#post("/reports", { kind });
  }

  async cancel() {
    return answer(await this.#transport.send("DELETE", this.#address, { challenge: this.#proofs.challenge }));
  }

  /** Cancels as best it can, also while the page goes away: the server ends it by itself when its time is over. */
  sayFarewell() {
    const wishes = { challenge: this.#proofs.challenge, farewell: true };
    this.#transport.send("DELETE", this.#address, wishes).catch(() => {});
  }

  /** @param {Evidence} evidence @param {string} once its Idempotency-Key @returns {Promise<Answer>} */
  async confirm(evidence, once) {
    const body = { ...this.#possession, evidence };
    const said = answer(
      await this.#transport.send("POST", `${this.#address}/confirm`, { body, once, waitForTurn: true }),
    );
    if (said.view.status !== "verified" || said.token !== null) return said;
    throw new RingproofProblem("unexpected-answer", { detail: "the server says verified but sent no token" });
  }

  /**
   * The token whose answer was lost: after success the same evidence is answered with the same result.
   *
   * @param {Evidence|null} evidence null when it is not known here
   * @param {(problem: unknown) => void} failed hears of every try that failed
   * @returns {Promise<string>}
   */
  async recoverToken(evidence, failed) {
    for (let failures = 1; evidence !== null; failures += 1) {
      try {
        const { token } = await this.confirm(evidence, randomName());
        if (token !== null) return token;
        break;
      } catch (problem) {
        failed(problem);
        const lasting = !(problem instanceof RingproofProblem) || !problem.passes;
        if (lasting || failures >= MOST_TRIES_FOR_THE_TOKEN) throw problem;
        await this.clock.sleep(1000 * holdOff(failures, problem.retryAfter, Infinity));
      }
    }
    const detail = "verified, but not by this page";
    throw new RingproofProblem("verification-failed", { verification: this.#proofs.id, detail });
  }

  /** @param {string} [label] */
  async enrol(label) {
    const body = { kind: "totp", label, ...this.#possession };
    return enrolledFrom(
      await this.#transport.send("POST", `${this.#address}/devices`, { body, once: this.#enrolment }),
    );
  }

  get #possession() {
    return { challenge: this.#proofs.challenge, code_verifier: this.#proofs.verifier };
  }

  /** @param {string} path @param {object} body */
  async #post(path, body) {
    const { challenge } = this.#proofs;
    return answer(await this.#transport.send("POST", this.#address + path, { body, challenge }));
  }
}

/** @param {Record<string, unknown>} body @returns {Answer} */
const answer = (body) => ({ view: viewFrom(body), token: text(body.token) });

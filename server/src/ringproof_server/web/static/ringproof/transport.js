/**
 * HTTP with a Ringproof server: keys, idempotency, bounded repeats, and problems as typed errors.
 * @module
 */
import { limited, problemFrom, RingproofProblem } from "./problem.js";

const ATTEMPTS = 4;
const FIRST_PAUSE_S = 0.4;
const LONGEST_PAUSE_S = 6;
/** A longer `Retry-After` is not waited for; the problem is told at once. */
const PATIENCE_S = 20;
const TIMEOUT_S = 10;
const FAREWELL_TIMEOUT_S = 5;
const LONGEST_ANSWER = 1_048_576;
/** Browsers keep this number in 31 bits, and wake a longer sleeper at once. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;
/** Answers that say nothing about whether the request was carried out; its Idempotency-Key makes a repeat safe. */
const WORTH_A_REPEAT = new Set([500, 502, 503, 504]);
const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const PUBLISHABLE_KEY = /^rp_pk_[!-~]{1,506}$/;

/** @typedef {{now: () => number, sleep: (ms: number, signal?: AbortSignal) => Promise<void>}} Clock */
/** @typedef {"GET"|"POST"|"DELETE"} Method */
/**
 * @typedef {object} Wishes
 * @property {object} [body]
 * @property {string} [challenge]
 * @property {AbortSignal} [signal]
 * @property {string} [once] the Idempotency-Key; one is made for each logical request when none is given
 * @property {boolean} [waitForTurn] whether a `too-early` is waited out like a rate limit
 * @property {boolean} [farewell] sent once, also when the page is going away, and not waited for long
 */
/** @typedef {{method: Method, headers: Record<string, string>, body: string|undefined, keepalive: boolean}} Wire */

/** Wall-clock time in ms, which goes on while a phone sleeps, and sleeping that can be called off. @type {Clock} */
export const systemClock = Object.freeze({
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, Math.min(ms, LONGEST_SLEEP_MS));
      signal?.addEventListener("abort", stop, { once: true });
    }),
});

/** Sends requests as one application. */
export class Transport {
  #base;
  #key;
  #fetch;
  #clock;

  /**
   * @param {{server: string, key: string, fetch?: typeof fetch, clock?: Clock}} parts
   * @throws {TypeError} for a key that is not publishable
   * @throws {RingproofProblem} `insecure-server`
   */
  constructor({ server, key, fetch = globalThis.fetch.bind(globalThis), clock = systemClock }) {
    if (!PUBLISHABLE_KEY.test(key ?? "")) throw new TypeError("a page needs a publishable key: rp_pk_…");
    this.#base = checked(server);
    this.#key = key;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The server's address without a slash at its end, and the key: whose tabs may go on with what was kept. */
  get name() {
    return `${this.#base} ${this.#key}`;
  }

  get clock() {
    return this.#clock;
  }

  /**
   * One logical request, sent up to four times. A POST carries one Idempotency-Key through all of them, so
   * that the server carries it out once however many of them arrive.
   *
   * @param {Method} method
   * @param {string} path from `/v1`
   * @param {Wishes} [wishes]
   * @returns {Promise<Record<string, unknown>>} the answer's JSON
   * @throws {RingproofProblem}
   */
  async send(method, path, { body, challenge, signal, once, waitForTurn = false, farewell = false } = {}) {
    const headers = /** @type {Record<string, string>} */ ({
      Authorization: `Bearer ${this.#key}`, Accept: "application/json, application/problem+json",
    });
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (challenge !== undefined) headers["Ringproof-Challenge"] = challenge;
    if (method === "POST") headers["Idempotency-Key"] = once ?? randomName();
    const wire = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), keepalive: farewell };
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#once(path, wire, signal);
      } catch (problem) {
        const pause = problem instanceof RingproofProblem && !farewell ? pauseAfter(failures, problem, waitForTurn) : null;
        if (pause === null || signal?.aborted) throw problem;
        await this.#clock.sleep(pause * 1000, signal);
      }
    }
  }

  /**
   * Whether the server answers a question that every page may ask.
   * @returns {Promise<boolean>}
   */
  async isThere() {
    try {
      const limits = AbortSignal.timeout(FAREWELL_TIMEOUT_S * 1000);
      return (await this.#fetch(`${this.#base}/.well-known/jwks.json`, { signal: limits, credentials: "omit" })).ok;
    } catch {
      return false;
    }
  }

  /** Whether the pages of this origin are the server's own. */
  get isOwn() {
    return globalThis.location?.origin === new URL(this.#base).origin;
  }

  /** @param {string} path @param {Wire} wire @param {AbortSignal|undefined} signal */
  async #once(path, wire, signal) {
    const abort = new AbortController();
    const stop = () => abort.abort(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(() => abort.abort(), (wire.keepalive ? FAREWELL_TIMEOUT_S : TIMEOUT_S) * 1000);
    try {
      const answer = await this.#fetch(this.#base + path, {
        ...wire, signal: abort.signal, cache: "no-store", credentials: "omit", redirect: "manual", mode: "cors",
      });
      return await read(answer);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof RingproofProblem) throw error;
      throw new RingproofProblem("server-unreachable", { detail: "the server cannot be reached" });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

/**
 * The address without a slash at its end. Plain http is for this computer only, and for pages that came over
 * it from the same origin, where nothing is left to protect.
 *
 * @param {string} server
 */
function checked(server) {
  const address = parsed(server);
  if (address === null || !/^https?:$/.test(address.protocol) || address.username || address.password) {
    throw new RingproofProblem("insecure-server", { detail: "the server must be an https:// address" });
  }
  const here = address.origin === globalThis.location?.origin || LOOPBACK.test(address.hostname);
  if (address.protocol === "http:" && !here) {
    throw new RingproofProblem("insecure-server", { detail: "plain http:// is refused except to this computer" });
  }
  return server.replace(/\/+$/, "");
}

/** @param {string} address @returns {URL|null} */
function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/**
 * What was answered. An answer that breaks off rejects, as one that never came.
 * @param {Response} answer
 */
async function read(answer) {
  const tooLong = Number(answer.headers.get("Content-Length")) > LONGEST_ANSWER;
  const document = tooLong ? null : documentIn(await answer.text());
  if (answer.ok && document !== null) return document;
  // A redirect would carry the key to another place, so it is not followed, and the browser hides its status.
  if (answer.ok || answer.status < 400) throw new RingproofProblem("unexpected-answer", { status: answer.status });
  throw problemFrom(answer.status, answer.headers.get("Retry-After"), document);
}

/** @param {string} text @returns {Record<string, unknown>|null} */
function documentIn(text) {
  try {
    const found = JSON.parse(text);
    return typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}

/**
 * The seconds to wait after so many failures, or null when a repeat is useless or enough were made.
 *
 * @param {number} failures @param {RingproofProblem} problem @param {boolean} waitForTurn
 */
function pauseAfter(failures, problem, waitForTurn) {
  const early = waitForTurn && problem.slug === "too-early";
  const lost = problem.slug === "server-unreachable";
  if (failures >= ATTEMPTS || !(lost || early || limited(problem) || WORTH_A_REPEAT.has(problem.status))) return null;
  // At random between half and the whole, so that many pages do not come back in step.
  const pause = Math.min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  if (problem.retryAfter === null) return pause;
  // Never before the server's time, and a little after it.
  return problem.retryAfter > PATIENCE_S ? null : problem.retryAfter + Math.min(pause, 1);
}

/** 128 random bits as text: the name of one logical request. */
export function randomName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

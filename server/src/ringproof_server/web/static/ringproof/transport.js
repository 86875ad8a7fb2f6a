/**
 * HTTP with a Ringproof server: keys, idempotency, bounded retries, and problems as typed errors.
 * @module
 */

/** What the server can answer as a problem; `network`, `insecure-context` and `push-…` are the browser's own. */
export const PROBLEMS = Object.freeze([
  "invalid-request", "invalid-phone-number", "unauthorized", "forbidden", "not-found", "number-not-allowed",
  "country-not-allowed", "opted-out", "concurrent-verification", "too-early", "no-steps-left",
  "already-finished", "challenge-invalid", "challenge-expired", "verifier-mismatch", "rate-limited",
  "guess-budget-exhausted", "spend-limit-reached", "idempotency-conflict", "no-channel-available",
  "payload-too-large", "service-unavailable", "internal",
]);

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const TIMEOUT_MS = 15_000;
/** Answers that say nothing about whether the request was carried out; the Idempotency-Key makes a repeat safe. */
const WORTH_A_REPEAT = new Set([502, 503, 504]);

/** A problem that the server (RFC 9457) or the connection answered instead of a result. */
export class RingproofProblem extends Error {
  /**
   * @param {string} slug one of `PROBLEMS`, or `network`, `insecure-context`, `push-…`
   * @param {{status?: number, title?: string, detail?: string, instance?: string, retry_after?: number,
   *   verification?: string, errors?: {field: string, message: string}[]}} [body]
   */
  constructor(slug, body = {}) {
    super(body.detail || body.title || slug);
    this.name = "RingproofProblem";
    this.slug = slug;
    /** HTTP status, 0 when there was no answer. */
    this.status = body.status ?? 0;
    /** The server's id of the request, for its log. */
    this.instance = body.instance ?? null;
    /** In seconds; null when waiting does not help. */
    this.retryAfter = Number.isFinite(body.retry_after) ? body.retry_after : null;
    /** The verification that stands in the way, where there is one. */
    this.verification = body.verification ?? null;
    this.errors = Array.isArray(body.errors) ? body.errors : [];
  }
}

/** Wall-clock time in ms, which goes on while a phone sleeps, and sleeping that can be called off. */
export const systemClock = Object.freeze({
  now: () => Date.now(),
  /** @param {number} ms @param {AbortSignal} [signal] rejects with the signal's reason when aborted */
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    }),
});

/** Sends requests as one application. */
export class Transport {
  #base;
  #key;
  #fetch;
  #clock;

  /** @param {{server: string, key: string, fetch: typeof fetch, clock: typeof systemClock}} parts */
  constructor({ server, key, fetch, clock }) {
    this.#base = server.replace(/\/+$/, "");
    this.#key = key;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /**
   * One logical request, sent up to three times. A POST carries one Idempotency-Key through all of them, so
   * that the server carries it out once however many of them arrive.
   *
   * @param {"GET"|"POST"|"DELETE"} method
   * @param {string} path from `/v1`
   * @param {{body?: object, challenge?: string, signal?: AbortSignal}} [request]
   * @returns {Promise<object>} the answer's JSON
   * @throws {RingproofProblem}
   */
  async send(method, path, { body, challenge, signal } = {}) {
    const headers = { Authorization: `Bearer ${this.#key}`, Accept: "application/json, application/problem+json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (challenge !== undefined) headers["Ringproof-Challenge"] = challenge;
    if (method === "POST") headers["Idempotency-Key"] = randomName();
    const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(path, request, signal);
      } catch (problem) {
        const pause = pauseBefore(attempt, problem);
        if (pause === null || signal?.aborted) throw problem;
        await this.#clock.sleep(pause, signal);
      }
    }
  }

  async #once(path, request, signal) {
    const abort = new AbortController();
    const stop = () => abort.abort(signal.reason);
    signal?.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const answer = await this.#fetch(this.#base + path, {
        ...request, signal: abort.signal, cache: "no-store", credentials: "omit", redirect: "error", mode: "cors",
      });
      return await read(answer);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof RingproofProblem) throw error;
      throw new RingproofProblem("network", { detail: "the server cannot be reached" });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** @param {Response} answer */
async function read(answer) {
  const body = await answer.json().catch(() => null);
  if (answer.ok && body !== null && typeof body === "object") return body;
  const known = /\/problems\/([a-z-]+)$/.exec(String(body?.type ?? ""))?.[1];
  if (known !== undefined) throw new RingproofProblem(known, { ...body, status: answer.status });
  if (WORTH_A_REPEAT.has(answer.status)) throw new RingproofProblem("service-unavailable", { status: answer.status });
  throw new RingproofProblem("internal", { status: answer.status, detail: "the answer cannot be understood" });
}

/** The pause in ms before the next attempt, or null when a repeat is useless or too many were made. */
function pauseBefore(attempt, problem) {
  if (!(problem instanceof RingproofProblem) || attempt >= ATTEMPTS) return null;
  if (problem.slug !== "network" && !WORTH_A_REPEAT.has(problem.status)) return null;
  const asked = (problem.retryAfter ?? 0) * 1000;
  if (asked > LONGEST_PAUSE_MS) return null;
  const jitter = 0.75 + 0.5 * Math.random();
  return Math.max(asked, FIRST_PAUSE_MS * 2 ** (attempt - 1) * jitter);
}

/** 128 random bits as text: the name of one logical request. */
function randomName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

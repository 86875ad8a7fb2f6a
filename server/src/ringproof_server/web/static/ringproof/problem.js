/**
 * What can go wrong, as one class with a closed list of slugs. Slugs and not classes, because a page may hold
 * this module twice, under two addresses, and `instanceof` would then tell them apart.
 * @module
 */

/** What a server of this version answers as a problem (RFC 9457), each with a page at `/problems/<slug>`. */
export const PROBLEMS = Object.freeze([
  "invalid-request", "invalid-phone-number", "unauthorized", "forbidden", "not-found", "number-not-allowed",
  "country-not-allowed", "opted-out", "concurrent-verification", "too-early", "no-steps-left",
  "already-finished", "challenge-invalid", "challenge-expired", "verifier-mismatch", "rate-limited",
  "guess-budget-exhausted", "spend-limit-reached", "idempotency-conflict", "no-channel-available",
  "payload-too-large", "service-unavailable", "internal",
]);

/**
 * What is found out here. As in the other clients:
 *
 * - `server-unreachable`: no answer, also after repeats; the request may or may not have arrived
 * - `unexpected-answer`: something answered, but not a Ringproof server
 * - `insecure-server`: a key would have travelled over plain http
 * - `verification-failed`, `verification-expired`, `verification-cancelled`: how `session.result` fails
 *
 * Of browsers only:
 *
 * - `origin-not-allowed`: the server is there, but this page's origin is none of the application's
 * - `insecure-context`: the page itself was not loaded over https, so the browser keeps cryptography from it
 * - `push-unsupported`, `push-refused`, `push-occupied`: see ringproof-push.js
 */
export const OWN_PROBLEMS = Object.freeze([
  "server-unreachable", "unexpected-answer", "insecure-server", "verification-failed", "verification-expired",
  "verification-cancelled", "origin-not-allowed", "insecure-context", "push-unsupported", "push-refused",
  "push-occupied",
]);

const LONGEST_TEXT = 500;
const MOST_ERRORS = 50;

/**
 * @typedef {object} ProblemParts
 * @property {number} [status] HTTP status
 * @property {unknown} [title]
 * @property {unknown} [detail]
 * @property {unknown} [instance]
 * @property {unknown} [retry_after] seconds
 * @property {unknown} [verification]
 * @property {unknown} [reason]
 * @property {unknown} [errors]
 */

/** A refusal of the server, a lost connection, or the end of a verification without proof. */
export class RingproofProblem extends Error {
  /**
   * @param {string} slug one of `PROBLEMS` or `OWN_PROBLEMS`; a newer server may know more, and what is no
   *   problem document at all has an empty one
   * @param {ProblemParts} [parts]
   */
  constructor(slug, parts = {}) {
    const title = text(parts.title);
    const detail = text(parts.detail);
    super(detail ?? title ?? (slug || `the server answered ${parts.status ?? 0}`));
    this.name = "RingproofProblem";
    this.slug = slug;
    /** HTTP status, 0 when there was no answer. */
    this.status = parts.status ?? 0;
    this.title = title;
    this.detail = detail;
    /** The server's id of the request, for its log. */
    this.instance = text(parts.instance);
    /** In seconds; null when waiting does not help or nobody said how long. */
    this.retryAfter = seconds(parts.retry_after);
    /** The id of the verification concerned, where there is one. */
    this.verification = text(parts.verification);
    /** Why a verification has failed, in the server's words. */
    this.reason = text(parts.reason);
    /** Which input was wrong, and why. */
    this.errors = fieldErrors(parts.errors);
  }

  /** Whether the same request may succeed later, without anything else being done. */
  get passes() {
    return this.slug === "server-unreachable" || this.slug === "too-early" || limited(this) || this.status >= 500;
  }
}

/** Whether the server has asked for a pause. @param {RingproofProblem} problem */
export function limited({ slug, status }) {
  return slug === "rate-limited" || (status === 429 && !PROBLEMS.includes(slug));
}

/**
 * The problem in an answer that is no success. An unknown slug stays as it is, so that a newer server never
 * breaks an older page.
 *
 * @param {number} status
 * @param {string|null} retryAfter the header
 * @param {Record<string, unknown>|null} body
 * @returns {RingproofProblem}
 */
export function problemFrom(status, retryAfter, body) {
  const slug = (text(body?.type) ?? "").replace(/\/+$/, "").split("/").at(-1) ?? "";
  const wait = seconds(body?.retry_after) ?? seconds(retryAfter === null ? null : Number.parseFloat(retryAfter));
  return new RingproofProblem(slug === "about:blank" ? "" : slug, { ...body, status, retry_after: wait });
}

/** @param {unknown} value @returns {string|null} */
function text(value) {
  return typeof value === "string" && value !== "" ? value.slice(0, LONGEST_TEXT) : null;
}

/** @param {unknown} value @returns {number|null} */
function seconds(value) {
  return typeof value === "number" && value >= 0 && value < 1e9 ? value : null;
}

/** @param {unknown} listed @returns {{field: string, message: string}[]} */
function fieldErrors(listed) {
  if (!Array.isArray(listed)) return [];
  return listed
    .slice(0, MOST_ERRORS)
    .filter((one) => typeof one === "object" && one !== null)
    .map((one) => ({ field: text(one.field) ?? "", message: text(one.message) ?? "" }));
}

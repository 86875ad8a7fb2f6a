/**
 * What the server says of a verification, read leniently: unknown members are ignored and odd ones count as
 * missing, so that an old page works with a newer server. Names are those of the wire.
 * @module
 */
import { RingproofProblem } from "./problem.js";

/**
 * @typedef {{id: string, channel: string, status: string, reason: string|null}} Attempt
 * @typedef {{prefix: string, length: number|null}} CallerIdPattern how the number begins that will call, and how
 *   many characters its international form has, the + too
 * @typedef {object} FlashCall times are seconds from the step's beginning
 * @property {CallerIdPattern} caller_id_pattern
 * @property {number} digits_to_type
 * @property {number} calls
 * @property {number} call which of them comes now, counted from 1
 * @property {number} interception_timeout
 * @property {number} report_timeout
 * @property {string} ring_time
 * @typedef {object} Next in how many seconds what is allowed or happens by itself
 * @property {number|null} check_in null when nothing can be checked any more
 * @property {Record<string, number>} channels
 * @property {{channel: string, in: number}|null} automatic
 */

/**
 * Where a verification stands. `status` is pending, verified, failed, expired or cancelled.
 *
 * @typedef {object} View
 * @property {string} id
 * @property {string} status
 * @property {string|null} reason why it failed
 * @property {string|null} phone_number masked
 * @property {string|null} reference
 * @property {number|null} expires_in seconds
 * @property {Attempt|null} attempt the current send
 * @property {FlashCall|null} flashcall null unless the current step is a call to look at
 * @property {{length: number|null}|null} code null unless the current step is a code
 * @property {{digits: string, typed: boolean}|null} keypad while a call asks the person for these digits: show them
 * @property {readonly {channel: string, reason: string}[]} skipped channels that are not offered
 * @property {Next} next
 * @property {number|null} checks_left
 * @property {number|null} assurance_bits
 * @property {"mismatch"|"more_evidence"|"withheld"|"incomplete"|null} result what became of evidence that did
 *   not verify; `incomplete`: it was too short to be sent
 */

/** @typedef {Record<string, unknown>} Body */

const FINISHED = new Set(["verified", "failed", "expired", "cancelled"]);
const RESULTS = new Set(["mismatch", "more_evidence", "withheld"]);
const MOST_LISTED = 50;
const LONGEST_CODE = 32;
const PREFIX = /^\+[0-9]{1,15}$/;
/** Characters of the longest number of ITU-T E.164 with its +. */
const LONGEST_NUMBER = 16;
/** No server lets a step last longer. */
const LONGEST_STEP_S = 600;

/** @type {Readonly<Next>} */
export const NOTHING_NEXT = Object.freeze({ check_in: null, channels: Object.freeze({}), automatic: null });

/** Whether it has ended, in whichever way. @param {View} view */
export const finished = (view) => FINISHED.has(view.status);

/**
 * @param {Body} body
 * @returns {Readonly<View>}
 * @throws {RingproofProblem} `unexpected-answer` when it is no verification
 */
export function viewFrom(body) {
  const id = text(body.id);
  const status = text(body.status);
  if (!id || !status) throw new RingproofProblem("unexpected-answer", { detail: "the answer is not a verification" });
  const code = mapping(body.code);
  return Object.freeze({
    id,
    status,
    reason: text(body.reason),
    phone_number: text(body.phone_number),
    reference: text(body.reference),
    expires_in: number(body.expires_in),
    attempt: attempt(mapping(body.attempt)),
    flashcall: flashcall(mapping(body.flashcall)),
    // Of a wrong length no code could be entered.
    code: code && { length: count(code.length, 0, LONGEST_CODE) || null },
    keypad: keypad(mapping(body.keypad)),
    skipped: skipped(body.skipped),
    next: next(mapping(body.next) ?? {}),
    checks_left: integer(body.checks_left),
    assurance_bits: number(body.assurance_bits),
    result: RESULTS.has(String(body.result)) ? /** @type {View["result"]} */ (body.result) : null,
  });
}

/** The step that a view shows: another text, another step. @param {View} view */
export const stepOf = ({ attempt, flashcall }) => JSON.stringify([attempt?.id, attempt?.channel, flashcall?.call]);

/** What makes two views different for the one who looks: everything but the clocks that run down. @param {View} view */
export function signature({ expires_in: _, result: __, next, ...rest }) {
  return JSON.stringify([rest, Object.keys(next.channels).sort(), next.automatic?.channel, next.check_in === null]);
}

/** @param {unknown} value @returns {Body|null} */
const mapping = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Body} */ (value) : null;

/** @param {unknown} value @returns {string|null} */
export const text = (value) => (typeof value === "string" ? value : null);

/** @param {unknown} value @returns {number|null} */
const number = (value) => (typeof value === "number" && Math.abs(value) < 1e12 ? value : null);

/** @param {unknown} value */
function integer(value) {
  const found = number(value);
  return found === null ? null : Math.trunc(found);
}

/** A number of things, at least one. @param {unknown} value @param {number} other @param {number} most */
function count(value, other, most) {
  const found = integer(value);
  return found === null || found < 1 || found > most ? other : found;
}

/** @param {unknown} value @param {number} other */
function seconds(value, other) {
  const found = number(value);
  return found === null || found < 0 ? other : found;
}

/** @param {Body|null} body @returns {Attempt|null} */
function attempt(body) {
  const channel = text(body?.channel);
  if (channel === null) return null;
  return { id: text(body?.id) ?? "", channel, status: text(body?.status) ?? "unknown", reason: text(body?.reason) };
}

/** @param {Body|null} body @returns {FlashCall|null} */
function flashcall(body) {
  if (body === null) return null;
  return {
    caller_id_pattern: pattern(mapping(body.caller_id_pattern)),
    digits_to_type: count(body.digits_to_type, 4, LONGEST_NUMBER - 1),
    calls: count(body.calls, 1, 99),
    call: count(body.call, 1, 99),
    interception_timeout: Math.min(seconds(body.interception_timeout, 45), LONGEST_STEP_S),
    report_timeout: Math.min(seconds(body.report_timeout, 75), LONGEST_STEP_S),
    ring_time: text(body.ring_time) || "check",
  };
}

/** An odd one counts as none: pages draw as many dots as it has characters. @param {Body|null} body @returns {CallerIdPattern} */
function pattern(body) {
  const prefix = text(body?.prefix) ?? "";
  const length = body?.length ?? null;
  const size = integer(length);
  const sound = length === null || (size !== null && size > prefix.length && size <= LONGEST_NUMBER);
  return PREFIX.test(prefix) && sound ? { prefix, length: size } : { prefix: "+", length: null };
}

/** @param {Body|null} body */
function keypad(body) {
  const digits = text(body?.digits) ?? "";
  return /^[0-9]{1,32}$/.test(digits) ? { digits, typed: body?.typed === true } : null;
}

/** @param {unknown} value */
function skipped(value) {
  const listed = Array.isArray(value) ? value.slice(0, MOST_LISTED).map(mapping) : [];
  return listed.flatMap((one) => (one ? [{ channel: text(one.channel) ?? "", reason: text(one.reason) ?? "" }] : []));
}

/** @param {Body} body @returns {Next} */
function next(body) {
  const automatic = mapping(body.automatic);
  const channel = text(automatic?.channel);
  const listed = Object.entries(mapping(body.channels) ?? {}).slice(0, MOST_LISTED);
  const known = listed.filter(([, after]) => number(after) !== null);
  return {
    check_in: number(body.check_in),
    channels: Object.fromEntries(known.map(([name, after]) => [name, Math.max(0, Number(after))])),
    automatic: channel ? { channel, in: seconds(automatic?.in, 0) } : null,
  };
}

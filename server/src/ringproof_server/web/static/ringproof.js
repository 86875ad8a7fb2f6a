/**
 * Ringproof in a web page: proves that the person in front of the browser controls a phone number.
 *
 * No dependencies, no inline code, no build step; works under a strict content security policy. Load it as a module:
 *
 *     import { Ringproof } from "https://verify.example/assets/ringproof.js";
 *     const ringproof = Ringproof({ server: "https://verify.example", key: "rp_pk_…" });
 *     const session = await ringproof.start("+447400123456");
 *     session.onprogress = ({ kind, view }) => draw(kind, view);   // rings, falls back, is offline
 *     form.onsubmit = () => session.enter(form.typed.value);       // the last digits, or the code
 *     const { token } = await session.result;                      // for your back end, which verifies it
 *
 * The page's origin must be one of the application's allowed origins.
 * @module
 */
import { Drawer } from "./ringproof/kept.js";
import { Line, start as startOn } from "./ringproof/line.js";
import { OWN_PROBLEMS, PROBLEMS, RingproofProblem } from "./ringproof/problem.js";
import { PROGRESS_KINDS } from "./ringproof/progress.js";
import { makeProof, peekToken, webOrigin } from "./ringproof/proof.js";
import { Session } from "./ringproof/session.js";
import { systemClock, Transport } from "./ringproof/transport.js";
import { asciiDigits } from "./ringproof/typed.js";
import { viewFrom } from "./ringproof/view.js";
import { canReceiveCodes } from "./ringproof/webotp.js";
// What those import in turn, named here so that a browser fetches all modules at once.
import "./ringproof/devices.js";
import "./ringproof/follow.js";
import "./ringproof/run.js";
import "./ringproof/standing.js";
import "./ringproof/watch.js";

export { asciiDigits, canReceiveCodes, OWN_PROBLEMS, peekToken, PROBLEMS, PROGRESS_KINDS, RingproofProblem, Session };

/** @typedef {import("./ringproof/view.js").View} View */
/** @typedef {import("./ringproof/progress.js").Progress} Progress */
/** @typedef {import("./ringproof/progress.js").Verified} Verified */

/**
 * @typedef {object} Options
 * @property {string} server the server's public address, https:// except on this computer
 * @property {string} key a publishable key (`rp_pk_…`), never a secret one
 * @property {string} [language] of the messages and the voice, BCP 47; by default the page's or the browser's
 * @property {typeof globalThis.fetch} [fetch]
 * @property {import("./ringproof/transport.js").Clock} [clock]
 */

/**
 * @typedef {object} StartOptions
 * @property {(string | {channel: string, timeout?: number, advance?: string})[]} [channels] which channels, in which
 *   order; the application's own workflow otherwise
 * @property {string} [language]
 * @property {string} [reference] your own name for this verification
 * @property {string} [nonce] comes back in the token
 * @property {{amount: string, currency: string, payee: string}} [transaction]
 * @property {boolean} [webotp] whether to read the code out of a text message where the browser can; default true
 * @property {boolean} [keep] whether a reload of this tab can go on with it (`resume`); default true. Otherwise it is
 *   cancelled when the page is left, since nobody could finish it.
 * @property {string} [note] your own text of up to 500 characters that comes back after a reload
 * @property {(progress: Progress) => void} [onprogress] hears of the start too
 * @property {AbortSignal} [signal] cancels it, at the server too
 */

/** @typedef {{id: string, challenge: string, verifier: string, webotp?: boolean}} SavedSession */

/**
 * @typedef {object} Client
 * @property {(number: string, options?: StartOptions) => Promise<Session>} start starts a verification of a number
 *   in international form; the phone begins to ring within seconds
 * @property {(saved?: SavedSession) => Promise<Session|null>} resume goes on with what this tab was doing before a
 *   reload, or with what `JSON.stringify(session)` kept; null when there is nothing to go on with
 */

/**
 * @param {Options} options
 * @returns {Readonly<Client>}
 * @throws {TypeError} for a key that is not publishable
 * @throws {RingproofProblem} `insecure-server`
 */
export function Ringproof({ server, key, language, fetch, clock = systemClock }) {
  const transport = new Transport({ server, key, fetch, clock });
  const drawer = new Drawer(transport.name);
  return Object.freeze({
    /** @param {string} number @param {StartOptions} [options] @throws {RingproofProblem} */
    start: (number, options = {}) => start(transport, drawer, number, { ...options, language: options.language ?? language }),
    /** @param {SavedSession} [saved] @throws {RingproofProblem} */
    resume: (saved) => resume(transport, drawer, saved),
  });
}

/** @param {Transport} transport @param {Drawer} drawer @param {string} number @param {StartOptions} options */
async function start(transport, drawer, number, options) {
  const { channels, reference, nonce, transaction, webotp = true, keep = true, note = "", onprogress = null, signal } = options;
  /** @param {"preparing"|"starting"} kind */
  const tell = (kind) => onprogress?.({ kind, view: null, seconds: null });
  tell("preparing");
  const proof = await makeProof();
  tell("starting");
  const body = {
    phone_number: number.trim(),
    code_challenge: proof.challenge,
    code_challenge_method: "S256",
    language: options.language ?? (globalThis.document?.documentElement.lang || globalThis.navigator?.language),
    capabilities: { caller_id: false, ring_time: false, web_origin: webOrigin() },
    channels, reference, nonce, transaction,
  };
  const answer = await startOn(transport, body, signal).catch((problem) => explained(transport, problem, signal));
  const view = viewFrom(answer);
  if (typeof answer.challenge !== "string" || !/^[!-~]{1,8192}$/.test(answer.challenge)) {
    throw new RingproofProblem("unexpected-answer", { detail: "the server sent no challenge" });
  }
  const line = new Line(transport, { id: view.id, challenge: answer.challenge, verifier: proof.verifier });
  const kept = keep ? drawer : null;
  return new Session({ line, view, webotp, drawer: kept, cancelsOnLeave: !keep, note, evidence: null, signal }, onprogress);
}

/**
 * Browsers tell a page no more of a request that its origin may not make than of a lost connection; a server that
 * answers other questions makes the difference.
 *
 * @param {Transport} transport @param {unknown} problem @param {AbortSignal} [signal]
 * @returns {Promise<never>}
 */
async function explained(transport, problem, signal) {
  if (signal?.aborted) throw new RingproofProblem("verification-cancelled");
  const lost = problem instanceof RingproofProblem && problem.slug === "server-unreachable";
  if (!lost || transport.isOwn || !(await transport.isThere())) throw problem;
  const detail = `the server does not let pages of ${globalThis.location?.origin} use this key: ` +
    "the application has to name this origin as one of its own";
  throw new RingproofProblem("origin-not-allowed", { detail });
}

/** @param {Transport} transport @param {Drawer} drawer @param {SavedSession} [saved] @returns {Promise<Session|null>} */
async function resume(transport, drawer, saved) {
  const kept = saved === undefined ? drawer.read(transport.clock.now()) : { webotp: true, ...saved, note: "", evidence: null };
  if (kept === null) return null;
  const { id, challenge, verifier, webotp, note, evidence } = kept;
  const line = new Line(transport, { id, challenge, verifier });
  try {
    const { view } = await line.get();
    const own = saved === undefined ? drawer : null;
    return new Session({ line, view, webotp, drawer: own, cancelsOnLeave: false, note, evidence }, null);
  } catch (problem) {
    if (saved !== undefined || !(problem instanceof RingproofProblem) || problem.passes) throw problem;
    drawer.clear();
    return null;
  }
}

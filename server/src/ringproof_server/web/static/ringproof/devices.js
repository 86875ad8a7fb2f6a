/**
 * Authenticators that prove a number later.
 * @module
 */
import { RingproofProblem } from "./problem.js";
import { text } from "./view.js";

/**
 * A new authenticator, with what its app needs to know; the server tells that once, and all three are the secret.
 *
 * @typedef {object} Authenticator
 * @property {string} id
 * @property {string} secret Base32, to be typed
 * @property {string} otpauthUri a link that opens the app on this phone
 * @property {string} qr the same for the camera of another phone: an SVG in a `data:` URI, for the `src` of an image
 */

/** No member of an answer is longer; a QR code as a picture has some thousands. */
const LONGEST = 65_536;

/**
 * @param {Record<string, unknown>} body
 * @returns {Readonly<Authenticator>}
 * @throws {RingproofProblem} `unexpected-answer` when something is missing, or would lead its reader elsewhere
 */
export function enrolledFrom(body) {
  const texts = [body.id, body.secret, body.otpauth_uri, body.qr_code].map((one) => text(one) ?? "");
  const [id, secret, otpauthUri, qr] = texts;
  const whole = texts.every((one) => one.length > 0 && one.length <= LONGEST);
  if (whole && otpauthUri.startsWith("otpauth://totp/") && qr.startsWith("data:image/")) {
    return Object.freeze({ id, secret, otpauthUri, qr });
  }
  throw new RingproofProblem("unexpected-answer", { detail: "the answer is not an enrolled authenticator" });
}

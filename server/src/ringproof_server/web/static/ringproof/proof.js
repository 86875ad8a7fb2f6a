/**
 * Proof that the one who confirms is the one who started (PKCE, RFC 7636, S256), and codes out of text
 * messages (WebOTP).
 * @module
 */
import { RingproofProblem } from "./transport.js";

/**
 * A new secret and what may be shown of it.
 * @returns {Promise<{verifier: string, challenge: string}>} verifier: 256 random bits as 43 characters;
 *   challenge: base64url(SHA-256(verifier)) without padding
 * @throws {RingproofProblem} `insecure-context` where the page was not loaded over https (or from this computer)
 */
export async function makeProof() {
  if (!globalThis.crypto?.subtle) {
    throw new RingproofProblem("insecure-context", { detail: "Web Cryptography needs a page loaded over https" });
  }
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(digest)) };
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * Waits for a text message whose last line is `@this-host #code` and answers its code, when the person allows
 * it. Answers null where the browser cannot, was not allowed to, or the signal was aborted.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<string|null>}
 */
export async function receiveCode(signal) {
  if (!("OTPCredential" in globalThis) || !globalThis.navigator?.credentials) return null;
  try {
    const credential = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal });
    return typeof credential?.code === "string" ? credential.code : null;
  } catch {
    return null;
  }
}

/**
 * The claims of a token, NOT verified: good enough to show, never to decide on. A back end verifies the
 * signature against `/.well-known/jwks.json`.
 *
 * @param {string} token
 * @returns {{header: object, claims: object}}
 */
export function peekToken(token) {
  const [header, claims] = token.split(".").slice(0, 2).map((part) => {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  });
  return { header, claims };
}

/**
 * Proof that the one who confirms is the one who started (PKCE, RFC 7636, S256), and what a token
 * says.
 * @module
 */
import { RingproofProblem } from "./problem.js";

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

/** This page's origin, to be put into the text message for WebOTP; undefined where a message can name none. */
export function webOrigin() {
  const origin = globalThis.location?.origin ?? "";
  return /^https?:\/\/[A-Za-z0-9.-]{1,240}(:[0-9]{1,5})?$/.test(origin) ? origin : undefined;
}

/**
 * The claims of a token, NOT verified: good enough to show, never to decide on. A back end verifies the
 * signature against `/.well-known/jwks.json`.
 *
 * @param {string} token
 * @returns {{header: Record<string, unknown>, claims: Record<string, unknown>}}
 * @throws {Error} for what is no token
 */
export function peekToken(token) {
  const [header, claims] = token.split(".").slice(0, 2).map((part) => {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  });
  return { header, claims };
}

/** The number that a token speaks of, unchecked; null where it says none. @param {string} token @returns {string|null} */
export function numberIn(token) {
  try {
    const number = peekToken(token).claims.phone_number;
    return typeof number === "string" ? number : null;
  } catch {
    return null;
  }
}

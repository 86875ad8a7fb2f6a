/**
 * Codes out of text messages (WebOTP, https://wicg.github.io/web-otp/).
 * @module
 */

/** Whether this browser can read codes out of text messages. */
export const canReceiveCodes = () => "OTPCredential" in globalThis && Boolean(globalThis.navigator?.credentials);

/** At most one request for each text message, until it is not wanted any more. */
export class MessageCodes {
  /** @type {{attempt: string, abort: AbortController}|null} */
  #request = null;

  /**
   * Waits for the code of this message; null when there is none, or somebody waits for it already.
   * @param {string} attempt
   * @returns {Promise<string|null>}
   */
  async receive(attempt) {
    if (this.#request?.attempt === attempt) return null;
    this.stop();
    const { signal } = (this.#request = { attempt, abort: new AbortController() }).abort;
    const code = await receiveCode(signal);
    return signal.aborted ? null : code;
  }

  /** Nothing is waited for any more, unless it is this message. @param {string} [attempt] */
  stop(attempt) {
    if (this.#request === null || this.#request.attempt === attempt) return;
    this.#request.abort.abort();
    this.#request = null;
  }
}

/**
 * Waits for a text message whose last line is `@this-host #code` and answers its code, when the person allows
 * it. Answers null where the browser cannot, was not allowed to, or the signal was aborted.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<string|null>}
 */
export async function receiveCode(signal) {
  if (!canReceiveCodes()) return null;
  const request = /** @type {CredentialRequestOptions} */ ({ otp: { transport: ["sms"] }, signal });
  try {
    const credential = /** @type {{code?: unknown}|null} */ (await navigator.credentials.get(request));
    return typeof credential?.code === "string" ? credential.code : null;
  } catch {
    return null;
  }
}

/**
 * What people type: the last digits of the number that called, the whole number, or a code, with blanks and
 * dashes, in any script's digits.
 * @module
 */

/** Longer texts are neither numbers nor codes; E.164 has 15 digits. */
const LONGEST_INPUT = 64;
/** Fewer digits than this are no telephone number, where the pattern does not say how long it is. */
const SHORTEST_NUMBER = 6;
/** ITU-T E.164: the zones 1 and 7 and these have short country codes, all others have three digits. */
const TWO_DIGIT_COUNTRY_CODES =
  /^(2[07]|3[0123469]|4[013456789]|5[12345678]|6[0123456]|8[1246]|9[0123458])/;

/** @typedef {import("./view.js").View} View */
/** @typedef {import("./view.js").FlashCall} FlashCall */
/** @typedef {import("./view.js").CallerIdPattern} CallerIdPattern */
/** @typedef {Record<string, unknown> & {channel: string}} Evidence */

/**
 * The digits of all scripts as 0–9; everything else stays.
 * @param {string} text
 */
export function asciiDigits(text) {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = /** @type {number} */ (digit.codePointAt(0));
    // Unicode keeps the digits of a script together, from 0 to 9 (chapter 4.6), so the way back to the first
    // of them tells the value.
    let first = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
    return String((code - first) % 10);
  });
}

/** @param {string} text */
const onlyDigits = (text) => asciiDigits(text).replace(/[^0-9]/g, "");

/**
 * A number or code as it may be sent.
 *
 * @param {string} text
 * @throws {RangeError} for what can be neither, before it leaves the browser
 */
export function bounded(text) {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > LONGEST_INPUT) throw new RangeError(`expected 1 to ${LONGEST_INPUT} characters`);
  return trimmed;
}

/**
 * What somebody typed, as evidence for the step that the view shows; null when it is too short for one: a slip of
 * the finger is not worth one of the few checks.
 *
 * @param {View} view
 * @param {string} typed
 * @param {"manual"|"webotp"} source
 * @returns {Evidence|null}
 */
export function evidenceIn(view, typed, source) {
  if (typed.length > LONGEST_INPUT) return null;
  if (view.flashcall) return digitsIn(view.flashcall, typed);
  if (!view.code) return null;
  const code = asciiDigits(typed).replace(/[\s-]/g, "");
  const fits = code !== "" && (view.code.length === null || view.code.length === code.length);
  return fits ? { channel: view.attempt?.channel ?? "sms", code, source } : null;
}

/** Somebody who typed the whole number has told more than the last digits. @param {FlashCall} flash @param {string} typed */
function digitsIn(flash, typed) {
  const digits = onlyDigits(typed);
  if (digits.length < flash.digits_to_type) return null;
  if (digits.length > flash.digits_to_type && matches(flash.caller_id_pattern, typed)) {
    return { channel: "flashcall", caller_id: typed.trim(), basis: "manual", quality: "late" };
  }
  return { channel: "flashcall", last_digits: digits.slice(-flash.digits_to_type) };
}

/**
 * Whether a number can be one that fits the pattern, in whatever way it is written: `+442079460018`,
 * `00442079460018`, `020 7946 0018`, `tel:…`. Which number it was, the server alone decides. Nothing fits a
 * pattern without a digit, which says nothing of any number.
 *
 * @param {CallerIdPattern} pattern
 * @param {string} shown
 */
export function matches(pattern, shown) {
  if ([...shown].length > LONGEST_INPUT) return false;
  const bare = withoutScheme(shown);
  const international = /^[+\uff0b]/.test(bare);
  // The trunk zero in brackets behind a country code is never dialled from abroad.
  const digits = onlyDigits(international ? bare.replaceAll("(0)", "") : bare);
  const prefix = onlyDigits(pattern.prefix);
  if (prefix === "") return false;
  const total = pattern.length === null ? null : pattern.length - 1;
  if (fits(digits, prefix, total)) return true;
  return !international && (afterAccessCode(digits, prefix, total) || isNational(digits, prefix, total));
}

/** @param {string} shown */
function withoutScheme(shown) {
  const rest = /^(?:tel|sips?):([^;@]*)/i.exec(shown.trim())?.[1];
  return (rest?.replaceAll(/%2b/gi, "+") ?? shown).trim();
}

/** @param {string} digits @param {string} prefix @param {number|null} total */
function fits(digits, prefix, total) {
  if (!digits.startsWith(prefix)) return false;
  return total === null ? digits.length >= Math.max(SHORTEST_NUMBER, prefix.length + 1) : digits.length === total;
}

/** `00…`, `011…`, `0011…`, Brazil's `0021…`, Russia's 810. @param {string} digits @param {string} prefix @param {number|null} total */
function afterAccessCode(digits, prefix, total) {
  return [2, 3, 4, 5].some(
    (lead) => (digits.startsWith("0") || digits.slice(0, lead) === "810") && fits(digits.slice(lead), prefix, total),
  );
}

/** With or without trunk digit, also with a carrier's code. @param {string} digits @param {string} prefix @param {number|null} total */
function isNational(digits, prefix, total) {
  return countryCodeSizes(prefix).some((size) => {
    const length = total === null ? null : total - size;
    return [0, 1, 2, 3].some(
      (lead) => lead < digits.length && /^(|0.*|8|1)$/.test(digits.slice(0, lead)) && fits(digits.slice(lead), prefix.slice(size), length),
    );
  });
}

/** How long the country code at the beginning is; several when the prefix is too short to tell. @param {string} prefix */
function countryCodeSizes(prefix) {
  if (/^[17]/.test(prefix)) return [1];
  if (prefix.length < 2) return [1, 2, 3];
  return TWO_DIGIT_COUNTRY_CODES.test(prefix) ? [2] : [3];
}

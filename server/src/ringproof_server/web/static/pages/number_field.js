/** The number field: a country picker that helps, and an input that takes numbers however they are written. @module */
import { asciiDigits } from "../ringproof.js";
import { byId, make, setText, toggle } from "./dom.js";

const FEWEST_DIGITS = 4;
/** ITU-T E.164: at most fifteen digits. */
const MOST_DIGITS = 15;

export class NumberField {
  #countries;
  #country = byId("country");
  #input = byId("number");
  #prefix = byId("dialling-code");
  #error = byId("number-error");

  /** @param {[string, string][]} countries region and calling code, main regions first @param {string} language */
  constructor(countries, language) {
    this.#countries = countries;
    this.#fill(language);
    this.#country.value = guessRegion(countries);
    this.#country.addEventListener("change", () => this.#show());
    this.#input.addEventListener("input", () => {
      this.complain("");
      this.#adopt();
    });
    this.#show();
  }

  #fill(language) {
    const names = new Intl.DisplayNames([language, "en"], { type: "region", fallback: "code" });
    const rows = this.#countries.map(([region, code]) => ({ region, code, name: names.of(region) ?? region }));
    const order = new Intl.Collator(language);
    rows.sort((a, b) => order.compare(a.name, b.name));
    for (const { region, code, name } of rows) {
      const option = make("option", "", `${name} \u2066+${code}\u2069`);
      option.value = region;
      this.#country.append(option);
    }
  }

  #code() {
    return this.#countries.find(([region]) => region === this.#country.value)?.[1] ?? "";
  }

  /** Chooses the country that a number beginning with + belongs to. */
  #adopt() {
    const typed = normal(this.#input.value);
    if (typed.startsWith("+") && !(this.#code() && typed.startsWith(`+${this.#code()}`))) {
      // Calling codes are free of prefixes of each other, so at most one fits.
      const found = this.#countries.find(([, code]) => typed.startsWith(`+${code}`));
      if (found) this.#country.value = found[0];
    }
    this.#show();
  }

  #show() {
    const code = this.#code();
    setText(this.#prefix, code ? `+${code}` : "");
    toggle(this.#prefix, code !== "" && !normal(this.#input.value).startsWith("+"));
  }

  set value(number) {
    this.#input.value = number;
    this.complain("");
    this.#adopt();
  }

  focus() {
    this.#input.focus();
  }

  /** @param {string} text empty when there is nothing to complain about */
  complain(text) {
    setText(this.#error, text);
    this.#input.toggleAttribute("aria-invalid", false);
    if (text) this.#input.setAttribute("aria-invalid", "true");
  }

  /**
   * The number to send, with + and calling code, and the same as the person wrote it; or what is wrong.
   * Trunk zeros stay: the server knows which countries have them.
   * @returns {{number: string, shown: string}|{fault: "number_missing"|"number_invalid"}}
   */
  read() {
    const written = asciiDigits(this.#input.value.normalize("NFKC")).trim();
    const typed = normal(written);
    if (!/\d/.test(typed)) return { fault: "number_missing" };
    const code = this.#code();
    const number = typed.startsWith("+") ? typed : `+${code}${typed}`;
    const digits = number.length - 1;
    const known = typed.startsWith("+") || code !== "";
    if (!known || digits < FEWEST_DIGITS || digits > MOST_DIGITS + 1 || /[a-z]/i.test(written.replace(/^tel:/i, ""))) {
      return { fault: "number_invalid" };
    }
    return { number, shown: typed.startsWith("+") ? written : `+${code} ${written}` };
  }
}

/** Digits and a leading plus; 00 and 011 at the beginning mean plus. */
function normal(written) {
  const text = asciiDigits(written.normalize("NFKC")).trim().replace(/^tel:/i, "");
  const digits = text.replace(/\D/g, "");
  if (/^[^\d]*\+/.test(text)) return `+${digits}`;
  return digits.replace(/^(00|011)(?=[1-9])/, "+");
}

/** The first region among the browser's languages that has telephones; an empty text when none is certain. */
function guessRegion(countries) {
  for (const language of navigator.languages ?? [navigator.language]) {
    try {
      const region = new Intl.Locale(language).region ?? new Intl.Locale(language).maximize().region;
      if (countries.some(([known]) => known === region)) return region;
    } catch {
      continue;
    }
  }
  return "";
}

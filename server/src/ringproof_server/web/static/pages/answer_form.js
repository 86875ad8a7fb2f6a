/** A form with one field of digits: the last digits of a caller, or a code. @module */
import { byId, setText } from "./dom.js";

export class AnswerForm {
  #words;
  #input;
  #button;
  #error;
  #keys;
  #length = 0;
  #busy = false;
  #blockedFor = 0;

  /**
   * @param {import("./words.js").Words} words
   * @param {{name: "digits"|"code", incomplete: (length: number) => string, mismatch: (view: object) => string,
   *   send: (typed: string, source?: "webotp") => Promise<void>, whole: boolean}} parts
   *   `mismatch`: the key of what is wrong, by the view that the server answered with
   *   `whole`: the field holds exactly the answer; otherwise its last digits count
   */
  constructor(words, { name, incomplete, mismatch, send, whole }) {
    this.#words = words;
    this.#keys = { incomplete, mismatch, send, whole };
    this.#input = byId(name);
    this.#button = byId(`check-${name}`);
    this.#error = byId(`${name}-error`);
    byId(`${name}-form`).addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#input.addEventListener("input", () => this.complain(""));
  }

  /** Empties the field for a new answer of so many digits. */
  reset(length) {
    this.#length = length;
    this.#input.value = "";
    this.#input.maxLength = this.#keys.whole ? length + 4 : 24;
    this.#input.placeholder = "_".repeat(length);
    this.complain("");
  }

  fill(answer) {
    this.#input.value = answer;
    this.complain("");
  }

  complain(text) {
    setText(this.#error, text);
    if (text) this.#input.setAttribute("aria-invalid", "true");
    else this.#input.removeAttribute("aria-invalid");
  }

  /** Seconds until a check is allowed; null when there are no more. */
  set checkIn(seconds) {
    this.#blockedFor = seconds ?? 0;
    this.#draw();
  }

  #draw() {
    const waits = this.#blockedFor > 0;
    const label = this.#busy ? this.#words.say("checking") : this.#words.say("check");
    const wait = this.#words.say("available_in", { seconds: Math.ceil(this.#blockedFor) });
    setText(this.#button, waits && !this.#busy ? `${label} · ${wait}` : label);
    // Not `disabled`, so that the keyboard's focus stays where it is.
    this.#button.setAttribute("aria-disabled", String(waits || this.#busy));
  }

  /** Sends what is in the field, unless something is under way, or it is too early. @param {"webotp"} [source] */
  async submit(source) {
    if (this.#busy || this.#blockedFor > 0) return;
    this.#busy = true;
    this.#draw();
    try {
      await this.#keys.send(this.#input.value, source);
    } finally {
      this.#busy = false;
      this.#draw();
    }
  }

  /** Too few digits, so nothing was sent. */
  incomplete() {
    this.complain(this.#keys.incomplete(this.#length));
    this.#input.focus();
  }

  /** What a wrong answer looks like. @param {object} view as the server answered it */
  mismatch(view) {
    const checks = view.checks_left;
    const left = checks > 0 ? ` ${this.#words.say("checks_left", { checks })}` : "";
    this.complain(this.#words.say(this.#keys.mismatch(view)) + left);
    this.#input.focus();
    this.#input.select();
  }
}

/** What each step of the verification shows. @module */
import { peekToken } from "../ringproof.js";
import { byId, copy, setText, toggle } from "./dom.js";
import { phone } from "./words.js";

const PROPER_NAMES = { whatsapp: "WhatsApp", viber: "Viber", messenger: "Messenger" };
const CALLS = new Set(["voice", "keypad"]);
const ON_ITS_WAY = new Set(["queued", "dialing", "accepted"]);

/** Minutes and seconds, read the same in every language. */
export function clock(seconds) {
  const whole = Math.ceil(seconds);
  return phone(`${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`);
}

/** "+4420" as "+44 20". @param {[string, string][]} countries region and calling code */
function spaced(prefix, countries) {
  const code = countries.find(([, one]) => prefix.startsWith(`+${one}`))?.[1];
  return code === undefined ? prefix : `+${code} ${prefix.slice(code.length + 1)}`.trim();
}

/** The step with the call. */
export class CallStep {
  constructor(words) {
    this.words = words;
  }

  draw(view, shown) {
    const { flashcall, attempt } = view;
    const again = flashcall.call > 1;
    setText(byId("heading-call"), this.words.say(again ? "another_call_heading" : "calling_heading"));
    setText(byId("calling-text"), this.words.say(again ? "another_call_text" : "calling_text", { number: phone(shown) }));
    setText(byId("call-progress"), this.words.say("calling_progress", { call: flashcall.call, calls: flashcall.calls }));
    toggle(byId("call-progress"), flashcall.calls > 1);
    setText(byId("digits-label"), this.words.say("digits_label", { digits: flashcall.digits_to_type }));
    this.#pattern(flashcall);
    byId("dial").dataset.state = dialState(attempt?.status);
  }

  #pattern({ caller_id_pattern: pattern, digits_to_type: digits }) {
    const prefix = pattern?.prefix ?? "";
    const begin = spaced(prefix, this.words.data.countries);
    const hidden = pattern?.length ? Math.max(0, pattern.length - prefix.length - digits) : 0;
    const dots = pattern?.length ? "•".repeat(hidden) : "…";
    setText(byId("caller-prefix"), [begin, dots].filter(Boolean).join(" "));
    const known = prefix.length > 1;
    setText(byId("caller-begins"), known ? this.words.say("caller_begins", { prefix: phone(begin) }) : "");
  }

  tick(view, remaining) {
    const { automatic } = view.next;
    const total = automatic ? Math.max(view.flashcall.interception_timeout, 1) : Math.max(view.expires_in, 1);
    const left = remaining(automatic ? automatic.in : view.expires_in);
    setText(byId("call-seconds"), clock(left));
    byId("clock-rest").setAttribute("stroke-dashoffset", String(100 - 100 * Math.min(1, left / total)));
    const sentence = byId("automatic");
    toggle(sentence, automatic !== null);
    if (automatic) {
      const key = automatic.channel === "sms" ? "automatic_sms" : "automatic_other";
      setText(sentence, this.words.say(key, { seconds: Math.ceil(left) }));
    }
  }
}

function dialState(status) {
  if (status === "ringing") return "ringing";
  return ON_ITS_WAY.has(status) ? "waiting" : "ended";
}

/** The step with a code. */
export class CodeStep {
  constructor(words) {
    this.words = words;
  }

  draw(view, shown) {
    const channel = view.attempt?.channel ?? "";
    const sent = this.words.ofChannel("code_sent", channel, "code_sent_other");
    setText(byId("heading-code"), this.words.say(view.keypad ? "calling_heading" : "code_heading"));
    setText(byId("code-sent"), this.words.say(view.keypad ? "keypad_text" : sent, { number: phone(shown) }));
    toggle(byId("badge-call"), CALLS.has(channel));
    toggle(byId("badge-message"), !CALLS.has(channel));
    toggle(byId("keypad-digits"), Boolean(view.keypad));
    // With spaces between them they are read out one by one.
    setText(byId("keypad-digits"), [...(view.keypad?.digits ?? "")].join(" "));
    toggle(byId("code-form"), view.code !== null);
    if (view.code) setText(byId("code-help"), this.words.say("code_help", { length: view.code.length }));
  }

  tick(view, remaining) {
    setText(byId("code-seconds"), clock(remaining(view.expires_in)));
  }
}

/** The step after the end. */
export class EndStep {
  constructor(words, demo) {
    this.words = words;
    this.demo = demo;
    byId("copy-token").addEventListener("click", () => this.#copy());
  }

  draw(view, token, shown) {
    const verified = view.status === "verified";
    byId("end-badge").dataset.status = view.status;
    setText(byId("heading-end"), this.words.say(`${view.status}_heading`));
    const number = phone(verified ? view.phone_number : shown);
    setText(byId("end-text"), this.words.say(`${view.status}_text`, { number }));
    toggle(byId("proof"), verified);
    if (verified) this.#proof(view, token);
    byId("start-again").className = verified ? "secondary" : "primary";
  }

  #proof(view, token) {
    const channel = view.attempt?.channel ?? "";
    setText(byId("proof-number"), view.phone_number);
    setText(byId("proof-channel"), PROPER_NAMES[channel] ?? this.words.say(`by_${channel}`));
    const times = new Intl.NumberFormat(document.documentElement.lang, { numberingSystem: "latn" }).format(Number((2 ** view.assurance_bits).toPrecision(2)));
    setText(byId("proof-chance"), this.words.say("proof_chance_value", { times }));
    toggle(byId("proof-token"), this.demo && token !== null);
    if (this.demo && token !== null) {
      setText(byId("token"), token);
      setText(byId("claims"), JSON.stringify(peekToken(token).claims, null, 2));
    }
  }

  async #copy() {
    const button = byId("copy-token");
    await copy(byId("token").textContent).then(
      () => setText(button, this.words.say("copied")),
      () => getSelection()?.selectAllChildren(byId("token")),
    );
    setTimeout(() => setText(button, this.words.say("copy")), 2_000);
  }
}

/** One virtual phone: what it has seen, and how it behaves. @module */
import { copy, make, setText, toggle } from "./dom.js";

const LOOK_MS = 700;
const LOOK_AFTER_FAULT_MS = 3_000;
const NOT_FICTITIOUS = "Only fictitious numbers have a virtual phone, and this is none of them.";
const UNREACHABLE = "The server cannot be reached.";
const TYPED_DIGITS = 4;

export class Phone {
  #address;
  #after = 0;
  #ringing = null;
  #closed = false;
  #ticking = null;

  /** @param {string} number E.164 @param {() => void} onremove */
  constructor(number, onremove) {
    this.#address = `/handset/${encodeURIComponent(number)}`;
    const template = document.getElementById("phone-template");
    /** @type {HTMLElement} */
    this.element = template.content.firstElementChild.cloneNode(true);
    setText(this.#part(".number"), number);
    this.element.setAttribute("aria-label", `Phone ${number}`);
    this.#part(".number").tabIndex = -1;
    this.#part(".events").setAttribute("aria-label", `Calls and messages of ${number}`);
    this.#part(".remove").addEventListener("click", onremove);
    this.#part(".remove").setAttribute("aria-label", `Remove ${number}`);
    this.#part(".behaviour").addEventListener("change", () => this.#behave());
    this.#part(".behaviour").addEventListener("submit", (event) => event.preventDefault());
    this.#part(".keys").addEventListener("click", (event) => this.#press(event.target.dataset.key));
    this.#tick();
  }

  /** @returns {HTMLElement} */
  #part(selector) {
    return this.element.querySelector(selector);
  }

  focus() {
    this.#part(".number").focus();
  }

  /** Asks again and again until the phone is closed, but not while nobody looks at the page. */
  async follow() {
    this.#ticking = setInterval(() => this.#tick(), 100);
    while (!this.#closed) {
      const fault = document.visibilityState === "hidden" ? "" : await this.look();
      if (fault || this.#part(".said").textContent === UNREACHABLE) setText(this.#part(".said"), fault);
      await new Promise((resolve) => setTimeout(resolve, fault ? LOOK_AFTER_FAULT_MS : LOOK_MS));
    }
  }

  close() {
    this.#closed = true;
    clearInterval(this.#ticking);
    this.element.remove();
  }

  /** Looks for what is new. @returns {Promise<string>} what is wrong, or an empty text */
  async look() {
    try {
      const answer = await fetch(`${this.#address}/events?after=${this.#after}`, { cache: "no-store" });
      if (answer.status === 404 || answer.status === 400 || answer.status === 422) return NOT_FICTITIOUS;
      if (!answer.ok) return UNREACHABLE;
      const { events } = await answer.json();
      const first = this.#after === 0;
      for (const event of events) this.#see(event, { aloud: !first });
      toggle(this.#part(".nothing"), this.#part(".events").childElementCount === 0);
      return "";
    } catch {
      return UNREACHABLE;
    }
  }

  #see(event, { aloud }) {
    this.#after = Math.max(this.#after, event.seq);
    if (event.kind === "message") this.#message(event, aloud);
    else if (event.state === "ringing") this.#rings(event, aloud);
    else this.#ended(event, aloud);
  }

  #rings(event, aloud) {
    this.#ringing = { call: event.call, since: performance.now() };
    const caller = this.#part(".incoming .caller");
    caller.replaceChildren(...callerParts(event.caller_id));
    toggle(this.#part(".incoming"), true);
    this.element.dataset.state = "ringing";
    if (aloud) this.#say(`Incoming call from ${event.caller_id ?? "a withheld number"}`);
    this.#tick();
  }

  #ended(event, aloud) {
    if (this.#ringing !== null && (event.call === undefined || this.#ringing.call === event.call)) {
      this.#ringing = null;
      toggle(this.#part(".incoming"), false);
      delete this.element.dataset.state;
    }
    const row = make("li", event.answered ? "event call answered" : "event call");
    row.append(make("span", "what", event.answered ? "Answered call" : "Missed call"));
    const caller = make("span", "who");
    caller.dir = "ltr";
    caller.append(...callerParts(event.caller_id));
    row.append(caller);
    if (event.ring_ms !== null) row.append(make("span", "how", `rang for ${(event.ring_ms / 1000).toFixed(1)} s`));
    if (event.heard) row.append(make("q", "heard", event.heard));
    this.#add(row);
    if (aloud) this.#say(`${row.querySelector(".what").textContent} from ${event.caller_id ?? "a withheld number"}. ${event.heard ?? ""}`);
  }

  #message(event, aloud) {
    const row = make("li", "event message");
    row.append(make("span", "what", event.channel === "sms" ? "Text message" : `Message by ${event.channel}`));
    const text = make("p", "text");
    text.dir = "auto";
    const [before, code, rest] = aroundCode(event.text);
    text.append(before, ...(code ? [make("strong", "code", code)] : []), rest);
    row.append(text);
    if (code) row.append(copyButton(code));
    this.#add(row);
    if (aloud) this.#say(`New message: ${event.text}`);
  }

  #add(row) {
    this.#part(".events").prepend(row);
  }

  #say(text) {
    setText(this.#part(".live"), text);
  }

  #tick() {
    const now = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    setText(this.#part(".now"), now);
    setText(this.#part(".big-clock"), now);
    if (this.#ringing === null) return;
    setText(this.#part(".ring-time"), `${((performance.now() - this.#ringing.since) / 1000).toFixed(1)} s`);
  }

  async #behave() {
    const form = this.#part(".behaviour");
    const delay = Math.min(60_000, Math.max(0, Math.trunc(Number(form.elements.delay.value) || 0)));
    const fault = await this.#tell("behaviour", { behaviour: form.elements.behaviour.value, delay_ms: delay });
    setText(this.#part(".said"), fault || "Set for every call from now on.");
  }

  async #press(key) {
    if (key !== undefined) setText(this.#part(".said"), await this.#tell("keys", { digits: key }));
  }

  async #tell(what, body) {
    try {
      const answer = await fetch(`${this.#address}/${what}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
      if (answer.ok) return "";
      const problem = await answer.json().catch(() => ({}));
      return problem.detail || problem.title || UNREACHABLE;
    } catch {
      return UNREACHABLE;
    }
  }
}

/** A caller's number with the digits that are asked for set off; a withheld one in words. */
function callerParts(callerId) {
  if (callerId === null) return [make("span", "withheld", "Withheld")];
  return [callerId.slice(0, -TYPED_DIGITS), make("strong", "", callerId.slice(-TYPED_DIGITS))];
}

/** The text before the code, the code, and the text after it; the first number of four to ten digits is the code. */
function aroundCode(text) {
  const found = /(?<!\d)\d{4,10}(?!\d)/.exec(text);
  if (!found) return [text, "", ""];
  return [text.slice(0, found.index), found[0], text.slice(found.index + found[0].length)];
}

function copyButton(code) {
  const button = make("button", "link", `Copy ${code}`);
  button.type = "button";
  button.addEventListener("click", () => {
    copy(code).then(() => setText(button, "Copied"), () => setText(button, code));
  });
  return button;
}

/** The buttons for other channels, each as soon as the server allows it. @module */
import { make, setText } from "./dom.js";

const CALLS = new Set(["flashcall", "voice", "keypad"]);

export class Ways {
  #words;
  #box;
  #choose;
  #buttons = new Map();

  /** @param {(channel: string) => void} choose */
  constructor(words, box, choose) {
    this.#words = words;
    this.#box = box;
    this.#choose = choose;
  }

  /**
   * @param {Object<string, number>} channels seconds until each is allowed
   * @param {string} current the channel of the current step
   * @param {(seconds: number) => number} remaining
   */
  draw(channels, current, remaining) {
    for (const [channel, button] of this.#buttons) {
      if (channel in channels) continue;
      button.remove();
      this.#buttons.delete(channel);
    }
    for (const channel of Object.keys(channels)) {
      if (!this.#words.has(`use_${channel}`)) continue;
      const button = this.#buttons.get(channel) ?? this.#add(channel);
      const wait = remaining(channels[channel]);
      const label = this.#label(channel, current);
      const later = wait > 0 ? ` · ${this.#words.say("available_in", { seconds: Math.ceil(wait) })}` : "";
      setText(button, label + later);
      button.setAttribute("aria-disabled", String(wait > 0));
    }
    this.#box.hidden = this.#buttons.size === 0;
  }

  #label(channel, current) {
    if (channel === current && !CALLS.has(channel)) return this.#words.say("send_again");
    return this.#words.say(channel === "sms" && current === "flashcall" ? "start_sms" : `use_${channel}`);
  }

  #add(channel) {
    const button = make("button", "secondary");
    button.type = "button";
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") this.#choose(channel);
    });
    this.#buttons.set(channel, button);
    this.#box.append(button);
    return button;
  }
}

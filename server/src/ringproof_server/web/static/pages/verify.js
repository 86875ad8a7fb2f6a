/** The verification page: one person, one number, from the first field to the proof. @module */
import { Ringproof, RingproofProblem } from "../ringproof.js";
import { AnswerForm } from "./answer_form.js";
import { byId, pageData, setText, toggle } from "./dom.js";
import { NumberField } from "./number_field.js";
import { CallStep, CodeStep, EndStep } from "./steps.js";
import { Ways } from "./ways.js";
import { Words } from "./words.js";

const TICK_MS = 250;
const STEPS = ["number", "call", "code", "end"];

class Page {
  #words;
  #ringproof;
  #session = null;
  #shown = "";
  #place = "number";
  #busy = false;
  #online = true;
  #answered = "";

  constructor(data) {
    this.#words = new Words(data);
    this.#ringproof = Ringproof({ server: location.origin, key: data.key, language: data.language });
    this.data = data;
    this.field = new NumberField(data.countries, document.documentElement.lang);
    this.call = new CallStep(this.#words);
    this.code = new CodeStep(this.#words);
    this.end = new EndStep(this.#words, data.demo);
    this.digitsForm = new AnswerForm(this.#words, {
      name: "digits", whole: false, mismatch: () => "mismatch_digits",
      incomplete: (digits) => this.#words.say("digits_incomplete", { digits }),
      send: (typed) => this.#answer(this.digitsForm, typed),
    });
    this.codeForm = new AnswerForm(this.#words, {
      name: "code", whole: true,
      mismatch: ({ attempt }) => this.#words.ofChannel("mismatch", attempt?.channel, "mismatch_code"),
      incomplete: (length) => this.#words.say("code_incomplete", { length }),
      send: (typed, source) => this.#answer(this.codeForm, typed, source),
    });
    this.callWays = new Ways(this.#words, byId("call-ways"), (channel) => this.#goOn(channel));
    this.codeWays = new Ways(this.#words, byId("code-ways"), (channel) => this.#goOn(channel));
    this.#listen();
    setInterval(() => this.#tick(), TICK_MS);
  }

  #listen() {
    byId("number-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    byId("start-sms").addEventListener("click", () => this.#start(["sms"]));
    byId("start-again").addEventListener("click", () => this.#leave());
    byId("no-call").addEventListener("click", () => this.#noCall());
    byId("offline-retry").addEventListener("click", () => this.#look());
    for (const button of document.querySelectorAll("[data-action=cancel]")) {
      button.addEventListener("click", () => this.#act((session) => session.cancel()));
    }
    for (const button of document.querySelectorAll("[data-action=change]")) {
      button.addEventListener("click", () => this.#changeNumber());
    }
    addEventListener("online", () => this.#look());
    addEventListener("offline", () => this.#connected(false));
    byId("lang").addEventListener("change", () => byId("language-form").submit());
    document.getElementById("use-example")?.addEventListener("click", (event) => {
      this.field.value = event.currentTarget.dataset.number;
      this.field.focus();
    });
  }

  /** Goes on with the verification that a reload interrupted. */
  async resume() {
    try {
      const session = await this.#ringproof.resume();
      if (session !== null) this.#follow(session, session.note);
    } catch (problem) {
      if (!problem.passes) throw problem;
      this.#connected(false);
    }
  }

  async #start(channels) {
    const read = this.field.read();
    if ("fault" in read) {
      this.field.complain(this.#words.say(read.fault));
      this.field.focus();
      return;
    }
    if (this.#busy) return;
    this.#working(true);
    setText(byId("start"), this.#words.say("starting"));
    try {
      this.#follow(await this.#ringproof.start(read.number, { channels, note: read.shown }), read.shown);
    } catch (problem) {
      this.field.complain(this.#explain(problem));
      this.field.focus();
    } finally {
      setText(byId("start"), this.#words.say("start"));
      this.#working(false);
    }
  }

  #follow(session, shown) {
    this.#session?.stop();
    this.#session = session;
    this.#shown = shown;
    this.#connected(true, { quietly: true });
    const handset = document.getElementById("open-handset");
    if (handset) handset.href = `/handset?number=${encodeURIComponent(this.#shown.replace(/[^+\d]/g, ""))}`;
    session.onchange = () => this.#draw();
    session.addEventListener("look", () => this.#connected(true));
    session.onproblem = (problem) => this.#connected(problem.slug !== "server-unreachable");
    session.onprogress = ({ kind, view }) => this.#progress(kind, view);
    session.addEventListener("code", (event) => {
      event.preventDefault();
      this.codeForm.fill(event.detail);
      this.#announce(this.#words.say("code_filled"));
      this.codeForm.submit("webotp");
    });
    this.#draw();
  }

  /** One request of the person's at a time; what goes wrong is told where they are. */
  async #act(action) {
    if (this.#busy || this.#session === null) return;
    this.#working(true);
    try {
      await action(this.#session);
      this.#connected(true);
    } catch (problem) {
      this.#complain(this.#explain(problem));
    } finally {
      this.#working(false);
    }
  }

  #answer(form, typed, source) {
    return this.#act(async (session) => {
      const { result } = await session.enter(typed, source);
      if (result === "incomplete") form.incomplete();
    });
  }

  /** Told of everything that is checked, also of what was typed while the connection was lost. */
  #progress(kind, view) {
    if (kind === "checking") this.#answered = this.#place;
    if (kind !== "wrong" || this.#answered !== this.#place) return;
    if (this.#place.startsWith("call")) this.digitsForm.mismatch(view);
    else if (view.code) this.codeForm.mismatch(view);
  }

  #goOn(channel) {
    return this.#act(async (session) => {
      const before = this.#place;
      const view = await session.next(channel);
      if (this.#place === before) this.#announce(byId(view.flashcall ? "calling-text" : "code-sent").textContent);
    });
  }

  #noCall() {
    return this.#act(async (session) => {
      await session.report("no_call");
      const ready = Object.entries(session.view.next.channels).some(([, seconds]) => session.remaining(seconds) === 0);
      if (session.pending && session.view.flashcall && ready) await session.next();
    });
  }

  async #changeNumber() {
    await this.#act((session) => session.cancel());
    if (this.#session && !this.#session.pending) this.#leave();
  }

  #look() {
    if (this.#session?.pending) this.#session.wake();
    else if (this.#session === null) this.resume().then(() => this.#connected(navigator.onLine, { quietly: true }));
    else this.#connected(true);
  }

  #leave() {
    this.#session?.stop();
    this.#session = null;
    this.#go("number", "number");
    this.field.focus();
  }

  #draw() {
    const session = this.#session;
    if (session === null) return;
    const { view } = session;
    this.#connected(true);
    if (!session.pending) {
      this.end.draw(view, session.token, this.#shown);
      this.#go("end", `end ${view.status}`);
    } else if (view.flashcall) {
      this.call.draw(view, this.#shown || view.phone_number);
      if (this.#go("call", `call ${view.flashcall.call}`)) this.digitsForm.reset(view.flashcall.digits_to_type);
    } else {
      this.#drawCode(view);
    }
    this.#tick();
  }

  #drawCode(view) {
    this.code.draw(view, this.#shown || view.phone_number);
    // The call has got the digits: what is left to do needs nobody.
    if (view.keypad?.typed) setText(byId("code-sent"), this.#words.say("checking"));
    const fromCall = this.#place.startsWith("call");
    if (!this.#go("code", `code ${view.attempt?.channel}`)) return;
    this.codeForm.reset(view.code?.length ?? 0);
    const moved = fromCall && view.result === "mismatch";
    setText(byId("moved-on"), moved ? this.#words.say("moved_on") : "");
    toggle(byId("moved-on"), moved);
    const digits = byId("keypad-digits").textContent;
    this.#announce([byId("moved-on").textContent, byId("code-sent").textContent, digits].join(" ").trim());
  }

  /** Shows a step; moves the focus to its heading when it is another place than before. @returns {boolean} */
  #go(step, place) {
    for (const name of STEPS) toggle(byId(`step-${name}`), name === step);
    if (place === this.#place) return false;
    this.#place = place;
    const heading = byId(`heading-${step}`);
    heading.focus({ preventScroll: true });
    scrollTo({ top: 0 });
    document.title = `${heading.textContent} · ${this.data.brand}`;
    return true;
  }

  #tick() {
    const session = this.#session;
    if (session === null || !session.pending) return;
    const { view } = session;
    const remaining = (seconds) => session.remaining(seconds);
    const checkIn = view.next.check_in === null ? null : remaining(view.next.check_in);
    if (view.flashcall) {
      this.call.tick(view, remaining);
      this.callWays.draw(view.next.channels, "flashcall", remaining);
      this.digitsForm.checkIn = checkIn;
    } else {
      this.code.tick(view, remaining);
      this.codeWays.draw(view.next.channels, view.attempt?.channel, remaining);
      this.codeForm.checkIn = checkIn;
    }
  }

  #working(busy) {
    this.#busy = busy;
    byId("card").setAttribute("aria-busy", String(busy));
  }

  #connected(online, { quietly = false } = {}) {
    toggle(byId("offline"), !online);
    if (online && !this.#online && !quietly) this.#announce(this.#words.say("connection_restored"));
    this.#online = online;
  }

  #explain(problem) {
    if (!(problem instanceof RingproofProblem)) throw problem;
    return this.#words.problem(problem);
  }

  #complain(text) {
    if (this.#place.startsWith("call")) this.digitsForm.complain(text);
    else if (this.#place.startsWith("code")) this.codeForm.complain(text);
    else this.#announce(text);
  }

  #announce(text) {
    setText(byId("live"), text);
  }
}

new Page(pageData()).resume();

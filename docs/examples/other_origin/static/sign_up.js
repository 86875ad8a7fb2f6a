/** The sign-up form of a site that verifies phone numbers with a Ringproof server of another origin. @module */
const { server, key, nonce } = document.body.dataset;
const byId = (id) => document.getElementById(id);

const LATER = "That did not work. Please try again later.";
const PROBLEMS = {
  "invalid-phone-number": "This is no phone number. Does it begin with the country code?",
  "number-not-allowed": "We cannot ring this kind of number. Please use another one.",
  "country-not-allowed": "We do not ring numbers of this country yet.",
  "opted-out": "The owner of this number does not want to be called.",
  "rate-limited": "This number was tried too often. Please wait a while.",
  "server-unreachable": "There is no connection. Please try again.",
  "verification-expired": "The time is over. Please begin again.",
  "verification-cancelled": "You can begin again with any number.",
  "verification-failed": "The number could not be proved. Please begin again.",
};
const CHANNELS = { flashcall: "Call me again", sms: "Send me a text message", voice: "Call me and tell me a code" };

let session = null;

/** What the person is told about a problem; what is our own mistake stands on the console as well. */
function explain(problem) {
  if (!(problem.slug in PROBLEMS)) console.warn(`Ringproof: ${problem.slug ?? problem}: ${problem.message}`);
  return PROBLEMS[problem.slug] ?? LATER;
}

function show(part) {
  for (const one of ["join", "prove", "welcome"]) byId(one).hidden = one !== part;
  byId(`${part}-heading`).focus();
}

function complain(part, text) {
  byId(`${part}-error`).textContent = text;
}

/** One sentence for each kind of progress. */
function draw({ kind, view, seconds }) {
  byId("prove").dataset.kind = kind;
  if (kind === "wrong") complain("prove", `That was not right. Checks left: ${view.checks_left}`);
  if (kind === "offline") complain("prove", "There is no connection. We go on trying.");
  if (kind === "refused") complain("prove", seconds ? `Please wait ${Math.ceil(seconds)} seconds.` : LATER);
  if (kind === "checking") byId("said").textContent = "Checking";
  if (["calling", "code", "keypad", "waiting"].includes(kind)) enterStep(kind, view);
}

function enterStep(kind, { attempt, flashcall, code, keypad }) {
  const pattern = flashcall?.caller_id_pattern;
  const [heading, text, label] = {
    calling: ["Your phone is about to ring", "Somebody rings once and hangs up. Do not answer.", `Last ${flashcall?.digits_to_type} digits of the number that calls`],
    code: [attempt?.channel === "sms" ? "We have sent you a message" : "We have a code for you", "Type the code here. Never tell it to anybody.", `Code of ${code?.length ?? 6} digits`],
    keypad: ["Answer our call", "Type these digits on your phone:", ""],
    waiting: ["One moment", "This page goes on by itself.", ""],
  }[kind];
  byId("prove-heading").textContent = heading;
  byId("prove-text").textContent = text;
  byId("typed-label").textContent = label;
  byId("prefix").textContent = pattern?.length ? `${pattern.prefix} ${"•".repeat(Math.max(0, pattern.length - pattern.prefix.length - flashcall.digits_to_type))}` : "";
  byId("keypad").textContent = [...(keypad?.digits ?? "")].join(" ");
  byId("keypad").hidden = kind !== "keypad";
  byId("field").hidden = label === "";
  byId("typed").value = "";
  complain("prove", "");
  byId("said").textContent = `${heading}. ${text}`;
  show("prove");
}

/** A button for every channel that the server allows now. */
function drawWays() {
  if (!session?.pending) return;
  const { next, attempt } = session.view;
  const ready = Object.keys(CHANNELS).filter((one) => one !== attempt?.channel && session.remaining(next.channels[one] ?? Infinity) === 0);
  const box = byId("ways");
  // Buttons that are there already stay, and with them the keyboard's focus.
  if (ready.join() === box.dataset.channels) return;
  box.dataset.channels = ready.join();
  box.replaceChildren(...ready.map(wayTo));
}

function wayTo(channel) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = CHANNELS[channel];
  button.onclick = () => session.next(channel).catch(() => {});
  return button;
}

async function follow(started) {
  session = started;
  session.onprogress = draw;
  session.onchange = drawWays;
  session.oncode = (code) => {
    byId("typed").value = code;
  };
  try {
    const { token } = await session.result;
    await createAccount(token);
  } catch (problem) {
    complain("join", explain(problem));
    show("join");
  }
}

/** Only this site's own back end decides whether the token proves anything. */
async function createAccount(token) {
  const body = JSON.stringify({ name: byId("name").value, token });
  const answer = await fetch("/accounts", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (!answer.ok) throw new Error((await answer.json()).error);
  const { ends_in: digits } = await answer.json();
  byId("welcome-text").textContent = `The number that ends in ${digits} is yours, and so is the account.`;
  show("welcome");
}

async function begin() {
  const { Ringproof } = await import(`${server}/assets/ringproof.js`);
  const ringproof = Ringproof({ server, key });
  byId("join").onsubmit = async (event) => {
    event.preventDefault();
    complain("join", "");
    byId("join-button").setAttribute("aria-disabled", "true");
    await ringproof
      .start(byId("number").value, { nonce, note: byId("name").value, channels: ["flashcall", "sms"] })
      .then(follow, (problem) => complain("join", explain(problem)))
      .finally(() => byId("join-button").removeAttribute("aria-disabled"));
  };
  byId("join-button").disabled = false;
  byId("prove").onsubmit = async (event) => {
    event.preventDefault();
    complain("prove", "");
    const { result } = await session.enter(byId("typed").value).catch(() => ({ result: null }));
    if (result === "incomplete") complain("prove", "Some digits are missing.");
  };
  byId("change").onclick = () => session.cancel().catch((problem) => complain("prove", explain(problem)));
  setInterval(drawWays, 1000);
  const before = await ringproof.resume();
  if (before === null) return;
  byId("name").value = before.note;
  await follow(before);
}

begin().catch((problem) => complain("join", explain(problem)));

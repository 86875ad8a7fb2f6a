/**
 * Lets this browser prove the number later: codes come to it as encrypted push messages (Web Push).
 *
 * Right after a verification has succeeded (within five minutes), in the handler of a click:
 *
 *     import { enrolBrowser } from "https://verify.example/assets/ringproof-push.js";
 *     button.onclick = async () => {
 *       await enrolBrowser(session, { server: "https://verify.example", key: "rp_pk_…" });
 *     };
 *
 * The site serves a service worker of its own, `/ringproof-push-worker.js`, with this one line or a copy of
 * that file:
 *
 *     importScripts("https://verify.example/assets/ringproof-push-worker.js");
 * @module
 */
import { RingproofProblem } from "./ringproof/problem.js";
import { Transport } from "./ringproof/transport.js";

export { RingproofProblem };

/** Whether this browser can be enrolled at all; on iPhones only once the site is on the home screen. */
export function canEnrolBrowser() {
  return "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
}

/**
 * Asks the person for permission, subscribes this browser, and enrols it for the number that was proved.
 *
 * The worker gets a scope of its own beside its script (`ringproof-push/`), so it takes part in nothing else
 * of the site, and its subscription stands in no other's way. A site that has a worker already can import the
 * same script there and pass its `registration`.
 *
 * @param {import("./ringproof.js").Session|{id: string, challenge: string, verifier: string}} session a
 *   verified session, or what `JSON.stringify(session)` kept
 * @param {{server: string, key: string, label?: string, worker?: string,
 *   registration?: ServiceWorkerRegistration, fetch?: typeof fetch, clock?: import("./ringproof/transport.js").Clock}} options
 *   `key`: a publishable key; `label`: your own name for the browser; `worker`: where the site has its worker
 * @returns {Promise<{id: string, kind: "push", label: string|null}>}
 * @throws {RingproofProblem} the server's, or `push-unsupported`; `push-refused`: the person, or the browser
 *   in the person's place; `push-occupied`: the `registration` has a subscription for another sender
 * @throws {TypeError} for a secret key, and outside of a click
 */
export async function enrolBrowser(session, options) {
  const transport = new Transport(options);
  const { id, challenge, verifier } = "toJSON" in session ? session.toJSON() : session;
  // Before anything else that takes time: browsers count a question as the click's only for a moment.
  await askForPermission();
  const sender = String((await transport.send("GET", "/v1/push-key")).key);
  const registration = options.registration ?? (await register(options.worker ?? "/ringproof-push-worker.js"));
  await active(registration);
  const { subscription, fresh } = await subscribed(registration, sender, options.registration === undefined);
  const body = { kind: "push", subscription: subscription.toJSON(), label: options.label, challenge, code_verifier: verifier };
  try {
    const device = await transport.send("POST", `/v1/verifications/${encodeURIComponent(id)}/devices`, { body });
    return { id: String(device.id), kind: "push", label: typeof device.label === "string" ? device.label : null };
  } catch (problem) {
    const refusal = problem instanceof RingproofProblem ? problem.slug : "";
    // Without an answer it may have been enrolled; after a refusal nobody will ever use the subscription.
    if (fresh && refusal !== "server-unreachable") await subscription.unsubscribe();
    throw problem;
  }
}

async function askForPermission() {
  if (!canEnrolBrowser()) throw new RingproofProblem("push-unsupported", { detail: "this browser takes no push messages" });
  if (Notification.permission === "default" && navigator.userActivation?.isActive === false) {
    throw new TypeError("call enrolBrowser in the handler of a click, before anything else is waited for");
  }
  if ((await Notification.requestPermission()) !== "granted") throw refused();
}

const refused = () => new RingproofProblem("push-refused", { detail: "notifications are not allowed" });

/** @param {string} worker */
async function register(worker) {
  const script = new URL(worker, location.href);
  try {
    return await navigator.serviceWorker.register(script, { scope: new URL("ringproof-push/", script).pathname });
  } catch {
    throw new RingproofProblem("push-unsupported", { detail: "the service worker cannot be loaded" });
  }
}

/**
 * Waits until the registration has a worker that messages can be given to.
 * @param {ServiceWorkerRegistration} registration
 * @returns {Promise<void>}
 */
function active(registration) {
  const coming = registration.installing ?? registration.waiting;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (registration.active) resolve();
      else if (!coming || coming.state === "redundant") {
        reject(new RingproofProblem("push-unsupported", { detail: "the service worker cannot be started" }));
      }
    };
    coming?.addEventListener("statechange", look);
    look();
  });
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @param {string} sender the server's key
 * @param {boolean} ours whether a subscription for another sender can only be one for this server's former key
 */
async function subscribed({ pushManager }, sender, ours) {
  const before = await pushManager.getSubscription();
  if (before && base64url(before.options.applicationServerKey) === sender) return { subscription: before, fresh: false };
  if (before && !ours) {
    throw new RingproofProblem("push-occupied", { detail: "this service worker is subscribed to another sender" });
  }
  await before?.unsubscribe();
  try {
    const wanted = { userVisibleOnly: true, applicationServerKey: sender };
    return { subscription: await pushManager.subscribe(wanted), fresh: true };
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotAllowedError") throw refused();
    throw new RingproofProblem("push-unsupported", { detail: "the browser's push service cannot be reached" });
  }
}

/** @param {ArrayBuffer|null} buffer */
function base64url(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer ?? new ArrayBuffer(0))));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

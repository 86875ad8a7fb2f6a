/**
 * What survives a reload of this tab, in its `sessionStorage`: one verification for each server and key. Where
 * the browser keeps nothing for us, nothing survives, and all else works.
 * @module
 */

/**
 * @typedef {object} Kept
 * @property {string} id
 * @property {string} challenge
 * @property {string} verifier
 * @property {boolean} webotp
 * @property {string} note
 * @property {number} until wall-clock time in ms after which nobody can go on with it
 * @property {{facts: import("./typed.js").Evidence, once: string}|null} evidence sent, and not known to be judged
 */

const LONGEST_ENTRY = 16_384;
const LONGEST_NOTE = 500;
/** Beyond the announced expiry, for clocks that were set meanwhile. */
const GRACE_MS = 60_000;

/** One place in the tab's storage. */
export class Drawer {
  #name;

  /** @param {string} owner whose verifications these are */
  constructor(owner) {
    this.#name = `ringproof ${owner}`;
  }

  /** What was kept; null when it is nothing of ours, or too old. @param {number} now in ms @returns {Kept|null} */
  read(now) {
    const kept = readable(quietly((storage) => storage.getItem(this.#name)) ?? "");
    if (kept !== null && now < kept.until && kept.until < now + 86_400_000) return kept;
    this.clear();
    return null;
  }

  /** @param {Omit<Kept, "until">} kept @param {number} now in ms @param {number} lives seconds */
  write(kept, now, lives) {
    const entry = { ...kept, note: kept.note.slice(0, LONGEST_NOTE), until: now + lives * 1000 + GRACE_MS };
    const written = JSON.stringify(entry);
    if (written.length <= LONGEST_ENTRY) quietly((storage) => storage.setItem(this.#name, written));
  }

  clear() {
    quietly((storage) => storage.removeItem(this.#name));
  }
}

/** Storage that is switched off or full only costs the comfort of going on after a reload. @template T @param {(storage: Storage) => T} action @returns {T|null} */
function quietly(action) {
  try {
    return action(globalThis.sessionStorage);
  } catch {
    return null;
  }
}

/** @param {string} written @returns {Kept|null} */
function readable(written) {
  if (written.length > LONGEST_ENTRY) return null;
  try {
    const { id, challenge, verifier, webotp, note, until, evidence } = JSON.parse(written);
    const proofs = [id, challenge, verifier].every((one) => typeof one === "string" && /^[!-~]{1,8192}$/.test(one));
    if (!proofs || typeof until !== "number") return null;
    const sent = typeof evidence?.once === "string" && typeof evidence.facts?.channel === "string";
    return { id, challenge, verifier, webotp: webotp !== false, note: String(note ?? ""), until, evidence: sent ? evidence : null };
  } catch {
    return null;
  }
}

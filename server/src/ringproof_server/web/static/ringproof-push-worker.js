/*
 * Shows the codes that come as push messages. A site serves a copy of this file, or imports it into a service
 * worker of its own:
 *
 *     importScripts("https://verify.example/assets/ringproof-push-worker.js");
 *
 * A classic script, since module workers cannot be imported everywhere. It keeps nothing and logs nothing; the
 * code is seen in the notification only. Messages of other kinds are left to the site's own handlers.
 */
(() => {
  /** What Ringproof sends, or null for everything else. */
  function read(data) {
    try {
      const { brand, text, code, language } = data.json();
      const ours = [brand, text, code, language].every((part) => typeof part === "string");
      return ours ? { brand, text, language } : null;
    } catch {
      return null;
    }
  }

  self.addEventListener("push", (event) => {
    const message = read(event.data);
    if (message === null) return;
    // The tag lets a newer code take the place of an older one, which is wrong by then.
    const shown = { body: message.text, lang: message.language, dir: "auto", tag: "ringproof-code", renotify: true, requireInteraction: true };
    event.waitUntil(self.registration.showNotification(message.brand, shown));
  });

  self.addEventListener("notificationclick", (event) => {
    if (event.notification.tag !== "ringproof-code") return;
    // It is not closed, because the code has still to be read while it is typed.
    event.waitUntil(focusPage());
  });

  /** Brings the page that was used last to the front, if one is open. */
  async function focusPage() {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    await pages.find((page) => page.frameType === "top-level")?.focus();
  }
})();

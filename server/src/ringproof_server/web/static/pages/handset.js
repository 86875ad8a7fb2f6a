/** The page with the virtual phones: adds, removes and remembers them in the address. @module */
import { byId, setText, toggle } from "./dom.js";
import { Phone } from "./phone.js";

const phones = new Map();

function remember() {
  const query = [...phones.keys()].map((number) => `number=${encodeURIComponent(number)}`).join("&");
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  toggle(byId("empty"), phones.size === 0);
  document.title = [...phones.keys(), "Virtual phones"].join(" · ");
}

function remove(number) {
  phones.get(number)?.close();
  phones.delete(number);
  remember();
  byId("add-number").focus();
}

/** @param {string} written a number in international form, however it is spaced */
async function add(written, { focus = false } = {}) {
  const digits = written.replace(/\D/g, "").replace(/^00/, "");
  const number = `+${digits}`;
  if (digits.length < 7) {
    setText(byId("add-error"), "Please enter a number in international form, beginning with +.");
    return;
  }
  if (!phones.has(number)) {
    const phone = new Phone(number, () => remove(number));
    const fault = await phone.look();
    if (fault) {
      phone.close();
      setText(byId("add-error"), fault);
      return;
    }
    phones.set(number, phone);
    byId("phones").append(phone.element);
    phone.follow();
  }
  setText(byId("add-error"), "");
  remember();
  if (focus) phones.get(number).focus();
}

byId("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = byId("add-number");
  await add(field.value.trim() || field.placeholder, { focus: true });
  if (byId("add-error").textContent === "") field.value = "";
});
for (const button of byId("empty").querySelectorAll("[data-number]")) {
  button.addEventListener("click", () => add(button.dataset.number, { focus: true }));
}
for (const number of new URLSearchParams(location.search).getAll("number").slice(0, 6)) await add(number);
toggle(byId("empty"), phones.size === 0);

"""ringproof-push.js and its service worker on a site of another origin, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support import leaks
from tests.support.browser import open_window
from tests.web_pages.push_site import Pushed, create_site
from tests.web_pages.stand_in import StandIn, create_stand_in, demo_config, running

pytestmark = pytest.mark.browser

HARNESS = Path(__file__).with_name("harness.js").read_text(encoding="utf-8")
CODE = "493817"
SENDER = "BPo0"
"""Three bytes are enough for what no push service sees."""

STANDS = """
const log = [];
const server = h.server({ "GET /v1/push-key": [[200, { key: "BPo0" }]],
  "POST /vrf_1/devices": [[201, { id: "dev_1", kind: "push", label: "Desk" }]], ...argument.answers });
const fetch = (url, request) => { log.push(request.method);
  return server.fetch(url.replace(/^.*(?=\\/v1\\/push-key)/, ""), request); };
const bytes = (key) => Uint8Array.from(atob(key), (c) => c.charCodeAt(0)).buffer;
const subscription = (key) => ({ options: { applicationServerKey: bytes(key) },
  unsubscribe: async () => { log.push(`unsubscribe ${key}`); return true; },
  toJSON: () => ({ endpoint: "https://push.example/1", expirationTime: null,
    keys: { p256dh: "p", auth: "a" } }) });
const pushManager = {
  getSubscription: async () => argument.before ? subscription(argument.before) : null,
  subscribe: async (wanted) => { log.push(["subscribe", wanted]);
    if (argument.failing) throw new DOMException("no", argument.failing);
    return subscription(wanted.applicationServerKey); } };
const permission = argument.permission ?? "granted";
Object.defineProperty(window, "Notification", { configurable: true, value: { permission: "default",
  requestPermission: async () => { log.push("asked"); return permission; } } });
const clock = h.clock();
const { enrolBrowser } = await import(`${argument.server}/assets/ringproof-push.js`);
const session = { id: "vrf_1", challenge: "a.b.c", verifier: "v".repeat(43) };
const enrol = (more = {}) => enrolBrowser(session, { server: argument.server, key: "rp_pk_1", label: "Desk",
  fetch, clock, registration: { active: {}, pushManager }, ...more });
"""
"""The browser's part, where a test must command it: the person's answer, and the push service behind it."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running(create_stand_in(StandIn(), demo_config())) as url:
        yield url


@pytest.fixture
def pushed(chromium: Browser, server: str) -> Iterator[Pushed]:
    with running(create_site(server)) as site, open_window(chromium) as window:
        yield Pushed(window, site)
        assert window.complaints.texts == []


@pytest.fixture
def site(pushed: Pushed) -> Page:
    pushed.page.evaluate(HARNESS)
    return pushed.page


def run(site: Page, server: str, body: str, **argument: Any) -> Any:
    code = f"async (argument) => {{ const h = window.harness; {STANDS} {body} }}"
    return site.evaluate(code, {"server": server, **argument})


FAILS = """
let failed = null;
const going = enrol().catch((problem) => { failed = [problem.name, problem.slug ?? null]; });
await clock.pass(30); await going; return { failed, log };
"""


def test_a_browser_is_enrolled_by_what_it_subscribed_to(site: Page, server: str) -> None:
    """The question comes first, the key is the server's, and the proofs are those of the verification."""
    seen = run(
        site,
        server,
        """const device = await enrol();
        return { device, log, body: server.named("POST /vrf_1/devices")[0].body };""",
    )
    assert seen["device"] == {"id": "dev_1", "kind": "push", "label": "Desk"}
    subscribe = ["subscribe", {"userVisibleOnly": True, "applicationServerKey": SENDER}]
    assert seen["log"] == ["asked", "GET", subscribe, "POST"]
    assert seen["body"] == {
        "kind": "push",
        "label": "Desk",
        "subscription": {
            "endpoint": "https://push.example/1",
            "expirationTime": None,
            "keys": {"p256dh": "p", "auth": "a"},
        },
        "challenge": "a.b.c",
        "code_verifier": "v" * 43,
    }


def test_a_session_of_ringproof_js_will_do(site: Page, server: str) -> None:
    verifiers = run(
        site,
        server,
        """const { Ringproof } = await import(`${argument.server}/assets/ringproof.js`);
        const answers = h.server({ "POST ": [[201, h.view({ status: "verified" })]] });
        const ringproof = Ringproof({ server: argument.server, key: "rp_pk_1", fetch: answers.fetch, clock });
        const started = await ringproof.start("+447700900123");
        await enrolBrowser(started, { server: argument.server, key: "rp_pk_1", fetch, clock,
          registration: { active: {}, pushManager } });
        const { body } = server.named("POST /vrf_1/devices")[0];
        return [started.toJSON().verifier, body.code_verifier, body.challenge];""",
    )
    assert verifiers[0] == verifiers[1]
    assert verifiers[2] == "a.b.c"


def test_whoever_says_no_is_not_enrolled(site: Page, server: str) -> None:
    seen = run(site, server, FAILS, permission="denied")
    assert seen == {"failed": ["RingproofProblem", "push-refused"], "log": ["asked"]}


def test_nobody_is_asked_out_of_the_blue(site: Page, server: str) -> None:
    """Browsers hold it against a site, and some ask nothing without a click."""
    seen = run(
        site,
        server,
        """const value = { isActive: false };
        Object.defineProperty(navigator, "userActivation", { configurable: true, value });
        """
        + FAILS,
    )
    assert seen == {"failed": ["TypeError", None], "log": []}


def test_a_secret_key_is_refused_before_anything_happens(site: Page, server: str) -> None:
    seen = run(site, server, FAILS.replace("enrol()", 'enrol({ key: "rp_sk_1" })'))
    assert seen == {"failed": ["TypeError", None], "log": []}


def test_a_subscription_that_is_there_is_used_again(site: Page, server: str) -> None:
    """And stays when the server refuses: another number may be proved by it."""
    gone = [409, {"type": "/problems/already-finished"}]
    seen = run(site, server, FAILS, before=SENDER, answers={"POST /vrf_1/devices": [gone]})
    assert seen == {"failed": ["RingproofProblem", "already-finished"], "log": ["asked", "GET", "POST"]}


def test_the_sites_own_subscription_is_left_alone(site: Page, server: str) -> None:
    seen = run(site, server, FAILS, before="AAAA")
    assert seen == {"failed": ["RingproofProblem", "push-occupied"], "log": ["asked", "GET"]}


def test_a_refused_enrolment_leaves_no_subscription(site: Page, server: str) -> None:
    seen = run(
        site, server, FAILS, answers={"POST /vrf_1/devices": [[409, {"type": "/problems/already-finished"}]]}
    )
    assert seen["failed"] == ["RingproofProblem", "already-finished"]
    assert seen["log"][-2:] == ["POST", f"unsubscribe {SENDER}"]


def test_without_an_answer_the_subscription_stays(site: Page, server: str) -> None:
    """The server may have taken it."""
    seen = run(site, server, FAILS, answers={"POST /vrf_1/devices": ["drop"]})
    assert seen["failed"] == ["RingproofProblem", "server-unreachable"]
    assert seen["log"][-3:] == ["POST"] * 3


@pytest.mark.parametrize(
    ("failing", "slug"), [("NotAllowedError", "push-refused"), ("AbortError", "push-unsupported")]
)
def test_a_browser_that_cannot_subscribe_says_why(site: Page, server: str, failing: str, slug: str) -> None:
    seen = run(site, server, FAILS, failing=failing)
    assert seen["failed"] == ["RingproofProblem", slug]


def test_a_server_without_push_messages_is_the_servers_problem(site: Page, server: str) -> None:
    none = [404, {"type": "/problems/not-found"}]
    seen = run(site, server, FAILS, answers={"GET /v1/push-key": [none]})
    assert seen == {"failed": ["RingproofProblem", "not-found"], "log": ["asked", "GET"]}


OWN_WORKER = """Object.assign(PushManager.prototype, pushManager);
const enrolled = (worker) => enrol({ registration: undefined, worker });
const scopes = async () => (await navigator.serviceWorker.getRegistrations())
  .map((one) => new URL(one.scope).pathname);
"""
"""The real registration, with only the push service behind it commanded."""


def test_the_worker_gets_a_place_of_its_own(site: Page, server: str) -> None:
    """Beside its script, so that it controls no page; a subscription for a former key is replaced there."""
    seen = run(site, server, OWN_WORKER + "await enrolled(); return [await scopes(), log];", before="AAAA")
    subscribe = ["subscribe", {"userVisibleOnly": True, "applicationServerKey": SENDER}]
    assert seen == [["/ringproof-push/"], ["asked", "GET", "unsubscribe AAAA", subscribe, "POST"]]
    assert site.evaluate("navigator.serviceWorker.controller") is None


@pytest.mark.parametrize("worker", ["/missing-worker.js", "/broken-worker.js"])
def test_a_worker_that_is_missing_or_broken_is_said_so(
    pushed: Pushed, site: Page, server: str, worker: str
) -> None:
    """And nothing is subscribed."""
    seen = run(site, server, OWN_WORKER + FAILS.replace("enrol()", f'enrolled("{worker}")'))
    assert seen == {"failed": ["RingproofProblem", "push-unsupported"], "log": ["asked", "GET"]}
    # The browser complains of such a worker by itself.
    pushed.window.complaints.texts.clear()


def shop(code: str = CODE) -> dict[str, str]:
    leaks.secret(code, "code")
    return {"brand": "Shop", "text": f"{code} is your Shop code.", "code": code, "language": "en-GB"}


def test_a_code_is_shown_under_the_brand(pushed: Pushed) -> None:
    """By the worker that a site of another origin imports; it stays until the person is done with it."""
    pushed.register()
    pushed.deliver(shop())
    assert pushed.shown(CODE) == [
        {
            "title": "Shop",
            "body": "493817 is your Shop code.",
            "lang": "en-GB",
            "tag": "ringproof-code",
            "requireInteraction": True,
            "data": None,
        }
    ]


def test_a_newer_code_takes_the_place_of_an_older_one(pushed: Pushed) -> None:
    pushed.register()
    pushed.deliver(shop())
    pushed.shown(CODE)
    pushed.deliver(shop("204466"))
    assert len(pushed.shown("204466")) == 1


@pytest.mark.parametrize("other", ["", "no JSON", "[]", "null", '{"brand": "Shop", "text": 3}'])
def test_messages_of_other_kinds_are_left_to_the_site(pushed: Pushed, other: str) -> None:
    pushed.register()
    pushed.worker.evaluate(
        """() => { self.asked = [];
        const show = registration.showNotification.bind(registration);
        registration.showNotification = (title, how) => (asked.push(title), show(title, how)); }"""
    )
    pushed.deliver(other)
    pushed.deliver(shop())
    pushed.shown(CODE)
    assert pushed.worker.evaluate("asked") == ["Shop"]


def test_the_worker_logs_nothing(pushed: Pushed) -> None:
    pushed.register()
    pushed.worker.evaluate(
        """() => { self.logged = [];
        for (const name of ["log", "info", "debug", "warn", "error"])
          console[name] = (...said) => logged.push(said);
        self.addEventListener("error", (event) => logged.push(event.message));
        self.addEventListener("unhandledrejection", (event) => logged.push(String(event.reason))); }"""
    )
    pushed.deliver("no JSON")
    pushed.deliver(shop())
    pushed.shown(CODE)
    assert pushed.worker.evaluate("logged") == []


CLICK = """async (tag) => { self.focused = [];
WindowClient.prototype.focus = async function () { focused.push(new URL(this.url).pathname); return this; };
const [shown] = tag === "ringproof-code" ? await registration.getNotifications() : [];
if (!shown) await registration.showNotification("Another", { tag });
const notification = shown ?? (await registration.getNotifications({ tag }))[0];
const event = new NotificationEvent("notificationclick", { notification });
self.dispatchEvent(event);
for (let turns = 0; turns < 200 && focused.length === 0; turns += 1)
  await new Promise((done) => setTimeout(done));
return focused; }"""
"""The browser allows a focus only after a person's own click, so here it is told what would be focused."""


def test_a_click_brings_the_page_to_the_front_and_leaves_the_code_to_be_read(pushed: Pushed) -> None:
    pushed.register()
    pushed.deliver(shop())
    pushed.shown(CODE)
    assert pushed.worker.evaluate(CLICK, "ringproof-code") == ["/"]
    assert len(pushed.shown(CODE)) == 1


def test_a_click_on_the_sites_own_notification_is_the_sites(pushed: Pushed) -> None:
    pushed.register()
    assert pushed.worker.evaluate(CLICK, "news") == []

/* Drives ringproof.js in a real browser with a clock and answers that a test commands. */
window.harness = {
  /** Answers in turn, the last one again and again; a function is called, `"drop"` is a lost connection, `"cut"` one
   * that is lost in the middle, `"redirect"` an answer that the browser hides. */
  server(answers) {
    const calls = [];
    const fetch = async (url, request) => {
      const path = url.replace(/^.*\/v1\/verifications/, "");
      const call = { method: request.method, path, headers: request.headers,
        body: request.body === undefined ? null : JSON.parse(request.body) };
      calls.push(call);
      const line = answers[`${call.method} ${path}`] ?? answers["*"];
      let answer = line.length > 1 ? line.shift() : line[0];
      if (typeof answer === "function") answer = await answer(call, request);
      if (answer === "drop") throw new TypeError("Failed to fetch");
      if (answer === "redirect") return Response.error();
      if (answer === "cut") return new Response(new ReadableStream({
        start(stream) { stream.enqueue(new TextEncoder().encode('{"id": ')); stream.error(new TypeError("cut")); },
      }));
      if (answer === "hang") return new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
      const [status, body, headers] = answer;
      return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
    };
    return { fetch, calls, answers, named: (what) => calls.filter((call) => `${call.method} ${call.path}` === what) };
  },

  /** A clock that stands still until it is told to go on. */
  clock() {
    let now = 1_000_000;
    let sleepers = [];
    const settle = async () => { for (let i = 0; i < 6; i += 1) await new Promise((done) => setTimeout(done)); };
    return {
      slept: [],
      now: () => now,
      sleep(ms, signal) {
        this.slept.push(ms);
        return new Promise((resolve, reject) => {
          const sleeper = { at: now + ms, resolve };
          sleepers.push(sleeper);
          signal?.addEventListener("abort", () => {
            sleepers = sleepers.filter((one) => one !== sleeper);
            reject(signal.reason);
          });
        });
      },
      /** Lets `seconds` pass, waking every sleeper at its moment and letting all that follows from it happen. */
      async pass(seconds) {
        const end = now + seconds * 1000;
        for (;;) {
          await settle();
          const next = sleepers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
          if (!next) break;
          sleepers = sleepers.filter((one) => one !== next);
          now = Math.max(now, next.at);
          next.resolve();
        }
        now = end;
        await settle();
      },
    };
  },

  view(changes = {}) {
    return {
      id: "vrf_1", status: "pending", reason: null, phone_number: "+44••••••0123", reference: null, expires_in: 300,
      attempt: { id: "att_1", channel: "flashcall", status: "ringing", reason: null },
      flashcall: { caller_id_pattern: { prefix: "+4420", length: 13 }, digits_to_type: 4, calls: 1, call: 1,
        interception_timeout: 45, report_timeout: 75, ring_time: "check" },
      code: null, skipped: [], checks_left: 3, assurance_bits: 11.7, challenge: "a.b.c",
      next: { check_in: 0, channels: { sms: 0 }, automatic: { channel: "sms", in: 41 } }, ...changes,
    };
  },

  sms(changes = {}) {
    return this.view({ attempt: { id: "att_2", channel: "sms", status: "delivered", reason: null }, flashcall: null,
      code: { length: 6 }, next: { check_in: 0, channels: {}, automatic: null }, ...changes });
  },

  problem(slug, status, more = {}) {
    return [status, { type: `/problems/${slug}`, title: slug, status, detail: slug, instance: "req_1", ...more }];
  },

  /** A started session with everything around it. */
  async started(answers, { first = this.view(), options = {} } = {}) {
    const { Ringproof } = await import("/assets/ringproof.js");
    const clock = this.clock();
    const server = this.server({ "POST ": [[201, first]], ...answers });
    const ringproof = Ringproof({ server: location.origin, key: "rp_pk_1", fetch: server.fetch, clock });
    const progress = [];
    const onprogress = ({ kind }) => progress.push(kind);
    const session = await ringproof.start("+447700900123", { onprogress, ...options });
    const changes = [];
    const problems = [];
    session.onchange = (view) => changes.push(view.status);
    session.onproblem = (problem) => problems.push(problem.slug);
    await clock.pass(0);
    return { session, server, clock, changes, problems, progress, ringproof };
  },

  /** The slug of the problem an action ends with. */
  async fails(action) {
    try {
      await action();
      return null;
    } catch (problem) {
      return { slug: problem.slug, status: problem.status, retryAfter: problem.retryAfter, name: problem.name };
    }
  },
};

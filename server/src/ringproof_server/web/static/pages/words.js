/** The page's sentences: filled from templates, with numbers kept in their own direction. @module */

/** Numbers and names keep their own direction inside a sentence of another one (Unicode UAX 9, isolates). */
const isolate = (value) => `\u2068${value}\u2069`;

/** A phone number is read from left to right in every language, and on one line. */
export const phone = (number) => `\u2066${number.replaceAll(" ", "\u00a0")}\u2069`;

export class Words {
  /** @param {{words: object, problems: object, problem_titles: object}} data as the server put it into the page */
  constructor(data) {
    this.data = data;
  }

  /** The sentence `key` with `{name}` replaced by `values.name`. */
  say(key, values = {}) {
    const template = this.data.words[key] ?? key;
    return template.replace(/\{([a-z_]+)\}/g, (whole, name) => (name in values ? isolate(values[name]) : whole));
  }

  has(key) {
    return key in this.data.words;
  }

  /** The key of the sentence that is a channel's own, such as `code_sent_sms`; `other` where it has none. */
  ofChannel(key, channel, other) {
    const own = `${key}_${channel}`;
    return this.has(own) ? own : other;
  }

  /** A length of time in the largest unit that still says it well, rounded up. */
  wait(seconds) {
    if (seconds > 3 * 3600) return this.say("wait_hours", { hours: Math.ceil(seconds / 3600) });
    if (seconds > 90) return this.say("wait_minutes", { minutes: Math.ceil(seconds / 60) });
    return this.say("wait_seconds", { seconds: Math.max(1, Math.ceil(seconds)) });
  }

  /** What a person is told about a problem. @param {import("../ringproof.js").RingproofProblem} problem */
  problem(problem) {
    if (problem.slug === "server-unreachable") return this.say("connection_text");
    if (problem.slug === "insecure-context") return this.say("needs_https");
    if (problem.slug === "rate-limited" && problem.retryAfter !== null) {
      return this.say("rate_limited_text", { wait: this.wait(problem.retryAfter) });
    }
    if (problem.slug === "too-early" && problem.retryAfter !== null) {
      return this.say("too_early_text", { wait: this.wait(problem.retryAfter) });
    }
    const text = this.data.problems[problem.slug] ?? this.data.problems.internal;
    const ours = problem.slug === "internal" || problem.slug === "service-unavailable";
    return ours && problem.instance ? `${text} ${this.say("error_reference", { reference: problem.instance })}` : text;
  }

  /** The heading of a problem that ended everything. */
  problemTitle(slug) {
    if (slug === "server-unreachable") return this.say("connection_heading");
    return this.data.problem_titles[slug] ?? this.say("error_heading");
  }
}

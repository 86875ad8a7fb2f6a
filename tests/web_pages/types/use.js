/** How a site uses the modules, right and wrong: what must not compile is said line by line. @module */
import { asciiDigits, PROBLEMS, Ringproof, RingproofProblem } from "../../../server/src/ringproof_server/web/static/ringproof.js";
import { enrolBrowser } from "../../../server/src/ringproof_server/web/static/ringproof-push.js";

const options = { server: "https://verify.example", key: "rp_pk_1" };

/** @returns {Promise<string>} */
export async function verify() {
  const ringproof = Ringproof({ ...options, language: "de" });
  const session =
    (await ringproof.resume()) ?? (await ringproof.start("+447400123456", { channels: ["flashcall", { channel: "sms", timeout: 60 }] }));
  session.onprogress = ({ kind, view, seconds }) => {
    if (kind === "refused") console.log(`in ${seconds ?? 0} s`);
    console.log(view?.flashcall?.digits_to_type.toFixed(), view?.next.automatic?.in.toFixed());
    // @ts-expect-error there is no such kind
    if (kind === "rings") console.log();
    // @ts-expect-error there may be no view yet
    console.log(view.status);
  };
  session.addEventListener("code", (event) => event.preventDefault());
  const { result } = await session.enter(asciiDigits("0018"));
  if (result === "mismatch") console.log(session.view.checks_left?.toFixed());
  // @ts-expect-error a code is a text
  await session.enter(1234);
  // @ts-expect-error there is no such report
  await session.report("nothing");
  // @ts-expect-error only people and browsers are sources
  await session.enter("1234", "guess");
  const { token, phoneNumber } = await session.result;
  console.log(phoneNumber?.length, (await session.enrol()).otpauthUri, (await enrolBrowser(session, options)).label);
  return token;
}

/** @param {unknown} problem */
export function waits(problem) {
  if (!(problem instanceof RingproofProblem)) return 0;
  // @ts-expect-error it may be null
  console.log(problem.retryAfter + 1);
  return PROBLEMS.includes(problem.slug) ? (problem.retryAfter ?? 0) : problem.errors.length;
}

// @ts-expect-error without a key nothing works
Ringproof({ server: "https://verify.example" });
// @ts-expect-error a number is a text
Ringproof(options).start(447400123456);

/**
 * The torture: a program is killed, cut off or stopped, in every way and from a seed, and a judge that
 * sees it from outside alone says what must not be.
 *
 *     npm run torture -- [--mode kill|write|power|stop] --seed <text> --count <number> [--keep]
 *     npm run torture -- [--mode program] [--quick] [--kills 50] [--seed <text>]
 *
 * Ends with 0 when nothing was found, 1 when something was, 2 when the machine lacks what the mode needs.
 */

import { parseArgs } from "node:util";

import { MachineLacksError } from "./crash/native.ts";
import { isMode, keepResult, type Result, tortureEngine } from "./crash/torture-engine.ts";
import { QUICK_KILLS, tortureProgram } from "./program-kills.ts";

/** Sentences that are shown of what was found; the rest follows from these. */
const SHOWN = 12;

const { values: options } = parseArgs({
  options: {
    mode: { type: "string", default: "program" },
    seed: { type: "string" },
    count: { type: "string" },
    broken: { type: "string" },
    keep: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    kills: { type: "string" },
  },
});
const { mode } = options;
const seed = options.seed ?? String(process.hrtime.bigint());
const count = wholeNumber("--count", options.count ?? options.kills);

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new RangeError(`${name} must be a whole number of at least 1, got ${text}`);
}

async function main(): Promise<number> {
  if (mode === "program") {
    return tortureProgram(count ?? (options.quick ? QUICK_KILLS : 1_000), seed);
  }
  if (!isMode(mode)) {
    throw new RangeError(`--mode must be kill, write, power, stop or program; got "${mode}"`);
  }
  const { broken } = options;
  const most = count ?? (mode === "write" ? Number.POSITIVE_INFINITY : 100);
  const sort = broken === undefined ? "" : `, on the broken journal "${broken}"`;
  console.log(`torture: ${mode}, seed ${seed}${sort}`);
  const result = await tortureEngine({ mode, seed, count: most, broken });
  say(result);
  if (options.keep) console.log(`kept in ${keepResult(result)}`);
  return result.violations.length === 0 ? 0 : 1;
}

function say(result: Result): void {
  const { faults, lives, runsAccepted, runsEnded, effects, repeatsInFlight, violations } = result;
  const moments = Object.entries(result.faultsByMoment).map(([kind, times]) => `${times} ${kind}`);
  console.log(
    `${faults} faults in ${result.seconds} s (${result.secondsPerFault} s each), ${lives} lives`,
  );
  if (moments.length > 0) console.log(`  ${moments.join(", ")}`);
  console.log(
    `${runsAccepted} runs accepted, ${runsEnded} ended; ${effects} effects, ` +
      `${repeatsInFlight} repeats of steps in flight`,
  );
  for (const { kind, sentence } of violations.slice(0, SHOWN))
    console.log(`  ${kind}: ${sentence}`);
  if (violations.length === 0) console.log("nothing lost, nothing twice, nothing invented");
  else
    console.log(
      `FAILED: ${violations.length} violations; again with --mode ${mode} --seed ${seed}`,
    );
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof MachineLacksError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

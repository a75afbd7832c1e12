/**
 * The torture: a program is killed, cut off or stopped, in every way and from a seed, and a judge that
 * sees it from outside alone says what must not be.
 *
 *     npm run torture -- [--mode kill|write|power|stop] --seed <text> --count <number> [--keep]
 *     npm run torture -- [--mode program] [--quick] [--kills 50] [--seed <text>]
 *
 * Ends with 0 when nothing was found, 1 when something was, 2 when the machine lacks what the mode needs
 * or the question was not understood.
 */

import { parseArgs } from "node:util";

import { brokenJournals } from "./crash/broken.ts";
import { MachineLacksError } from "./crash/native.ts";
import { isMode, keepResult, type Result, tortureEngine } from "./crash/torture-engine.ts";
import { QUICK_KILLS, tortureProgram } from "./program-kills.ts";

/** Sentences that are shown of what was found; the rest follows from these. */
const SHOWN = 12;

/** Faults, where no `--count` says how many; those of `program` take a second and more each. */
const DEFAULT_FAULTS = 100;
const PROGRAM_KILLS = 1_000;

interface Asked {
  readonly mode: string;
  readonly seed: string;
  readonly count: number | undefined;
  readonly broken: string | undefined;
  readonly keep: boolean;
  readonly quick: boolean;
}

/** What was asked for was not understood. */
class UnclearError extends Error {
  override readonly name = "UnclearError";
}

function read(): Asked {
  const { values } = parseArgs({
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
  const { mode, broken, keep, quick } = values;
  if (mode !== "program" && !isMode(mode)) {
    throw new UnclearError(`--mode must be kill, write, power, stop or program; got "${mode}"`);
  }
  if (broken !== undefined && !brokenJournals.has(broken)) {
    const known = [...brokenJournals.keys()].join(", ");
    throw new UnclearError(`--broken must be one of ${known}; got "${broken}"`);
  }
  const seed = values.seed ?? String(process.hrtime.bigint());
  if (!/^[\w.-]{1,100}$/.test(seed)) {
    throw new UnclearError(`--seed must be letters, digits, dots and dashes; got "${seed}"`);
  }
  const count = wholeNumber(values.count ?? values.kills);
  return { mode, seed, count, broken, keep, quick };
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new UnclearError(`--count must be a whole number of at least 1, got ${text}`);
}

async function main({ mode, seed, count, broken, keep, quick }: Asked): Promise<number> {
  if (!isMode(mode)) return tortureProgram(count ?? (quick ? QUICK_KILLS : PROGRAM_KILLS), seed);
  const most = count ?? (mode === "write" ? Number.POSITIVE_INFINITY : DEFAULT_FAULTS);
  const sort = broken === undefined ? "" : `, on the broken journal "${broken}"`;
  console.log(`torture: ${mode}, seed ${seed}${sort}`);
  const result = await tortureEngine({ mode, seed, count: most, broken });
  say(result);
  if (keep) console.log(`kept in ${keepResult(result)}`);
  return result.violations.length === 0 ? 0 : 1;
}

function say(result: Result): void {
  const {
    mode,
    seed,
    faults,
    lives,
    runsAccepted,
    runsEnded,
    effects,
    repeatsInFlight,
    violations,
  } = result;
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
  process.exitCode = await main(read());
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isUnclear = String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
  const isSaid = error instanceof MachineLacksError || error instanceof UnclearError || isUnclear;
  if (!isSaid) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

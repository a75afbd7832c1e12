/**
 * Before and after: the same job on the same bad day, with our parts and without. What follows from the
 * seed is kept apart from what was measured: the one is the same in every run, the other never is.
 */

import type { BareEnding, BareOutcome } from "./bare-run.ts";
import type { PackageFiles } from "./documents.ts";
import type { CallCount } from "./ledger.ts";
import type { Cost } from "./meter.ts";

/** What one side cost; null where it could not be measured. */
interface MeasuredSide {
  readonly timeMs: number;
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
}

export interface Comparison {
  /** Follows from the seed and the documents: equal to the byte in every run of the same sources. */
  readonly exact: {
    readonly seed: string;
    readonly packages: number;
    readonly documents: number;
    /** Share of calls that the provider fails, as the configuration says. */
    readonly failureRate: number;
    /** What the answers alone take when nothing fails, six packages at a time. */
    readonly undisturbedMs: number;
    readonly kintsugi: {
      /** Runs that did not complete. */
      readonly packagesFailed: number;
      readonly documentsLost: number;
      /** Calls that the provider failed. Each was asked again. */
      readonly callsFailed: number;
      /** Documents, and packages, that met such a call. */
      readonly documentsHit: number;
      readonly packagesHit: number;
      readonly stepsRecorded: number;
    };
    readonly bare: {
      /** Packages without a result. */
      readonly packagesFailed: number;
      readonly packagesBegun: number;
      /** Of these, packages that had failed before it ended. */
      readonly packagesFailedOfBegun: number;
      readonly documentsLost: number;
      readonly callsFailed: number;
      /** Calls that were answered for a package that then failed. */
      readonly answersThrownAway: number;
      readonly ending: BareEnding;
    };
  };
  /** Differs from run to run, and from machine to machine. */
  readonly measured: {
    readonly startedAt: string;
    readonly endedAt: string;
    readonly versions: Readonly<Record<string, string>>;
    /** Null where the sources are in no git repository. */
    readonly commit: string | null;
    readonly folder: string;
    readonly kintsugi: MeasuredSide & {
      /** Calls that the provider took, and whose answer a fault cut off. */
      readonly callsCutOff: number;
    };
    readonly bare: MeasuredSide;
  };
}

export interface Sides {
  readonly seed: string;
  readonly packages: readonly PackageFiles[];
  readonly failureRate: number;
  /** How long the provider takes to answer about a document, in milliseconds. */
  readonly delayOf: (path: string) => number;
  /** Packages in work at a time. */
  readonly concurrency: number;
  readonly kintsugi: {
    readonly packagesFailed: number;
    readonly documentsLost: number;
    readonly stepsRecorded: number;
    readonly calls: CallCount;
    readonly timeMs: number;
    readonly cost: Cost | undefined;
  };
  readonly bare: BareOutcome;
  readonly about: Pick<
    Comparison["measured"],
    "startedAt" | "endedAt" | "versions" | "commit" | "folder"
  >;
}

export function compare(sides: Sides): Comparison {
  const { seed, packages, failureRate, kintsugi, bare, about } = sides;
  const documents = countDocuments(packages);
  const finished = new Set(bare.finished);
  const done = countDocuments(packages.filter(({ name }) => finished.has(name)));
  const isHit = ({ path }: { readonly path: string }): boolean => kintsugi.calls.hit.includes(path);
  const { calls, documentsLost } = kintsugi;
  return {
    exact: {
      seed,
      packages: packages.length,
      documents,
      failureRate,
      undisturbedMs: undisturbedMs(sides),
      kintsugi: {
        packagesFailed: kintsugi.packagesFailed,
        documentsLost,
        callsFailed: calls.failed,
        documentsHit: calls.hit.length,
        packagesHit: packages.filter((each) => each.documents.some(isHit)).length,
        stepsRecorded: kintsugi.stepsRecorded,
      },
      bare: {
        packagesFailed: packages.length - finished.size,
        packagesBegun: bare.begun,
        packagesFailedOfBegun: bare.begun - finished.size,
        documentsLost: documents - done,
        callsFailed: bare.calls.failed,
        answersThrownAway: bare.calls.asked - bare.calls.failed - done,
        ending: bare.ending,
      },
    },
    measured: {
      ...about,
      kintsugi: {
        ...measuredSide(kintsugi),
        callsCutOff: calls.asked - calls.failed - (documents - documentsLost),
      },
      bare: measuredSide(bare),
    },
  };
}

/** Packages begin in their order, each as soon as one before it has ended. */
function undisturbedMs({ packages, delayOf, concurrency }: Sides): number {
  const freeAtMs = Array.from({ length: concurrency }, () => 0);
  for (const { documents } of packages) {
    const takesMs = documents.reduce((sum, { path }) => sum + delayOf(path), 0);
    const [first = 0] = freeAtMs;
    freeAtMs[0] = first + takesMs;
    freeAtMs.sort((a, b) => a - b);
  }
  return Math.max(...freeAtMs);
}

function measuredSide({ timeMs, cost }: Pick<BareOutcome, "timeMs" | "cost">): MeasuredSide {
  return {
    timeMs: Math.round(timeMs),
    cpuMs: cost?.cpuMs ?? null,
    peakMemoryBytes: cost?.peakBytes ?? null,
  };
}

const countDocuments = (packages: readonly PackageFiles[]): number =>
  packages.reduce((sum, { documents }) => sum + documents.length, 0);

/** Stands before whatever differs from run to run. */
const VARIES = "~ ";

/** The table and what a reader should know of it, line by line, at most 100 columns wide. */
export function comparisonLines({ exact, measured }: Comparison): readonly string[] {
  const { kintsugi, bare, packages, documents } = exact;
  const done = documents - bare.documentsLost;
  const each = (amount: number, of: number): string => (amount / Math.max(1, of)).toFixed(1);
  const timeBeyondMs = measured.kintsugi.timeMs - exact.undisturbedMs;
  const rows: readonly (readonly [name: string, ours: string, bares: string])[] = [
    ["", "with Kintsugi", "bare"],
    [
      "runs failed (packages)",
      `${kintsugi.packagesFailed} of ${packages}`,
      `${bare.packagesFailed} of ${packages}`,
    ],
    [
      "work lost (documents)",
      `${kintsugi.documentsLost} of ${documents}`,
      `${bare.documentsLost} of ${documents}`,
    ],
    ["calls wasted: failed", `${kintsugi.callsFailed}, asked again`, `${bare.callsFailed}`],
    ["  answered, thrown away", "0", `${bare.answersThrownAway}`],
    ["  cut off by a fault", `${VARIES}${measured.kintsugi.callsCutOff}, asked again`, "0"],
    ["time", seconds(measured.kintsugi.timeMs), seconds(measured.bare.timeMs)],
    [
      "cost: steps recorded",
      `${kintsugi.stepsRecorded} (${each(kintsugi.stepsRecorded, documents)} a document)`,
      "0",
    ],
    [
      "  time beyond the answers",
      `${seconds(timeBeyondMs)} (${each(timeBeyondMs, documents)} ms a document)`,
      "-",
    ],
    ["  CPU", cpu(measured.kintsugi.cpuMs, documents), cpu(measured.bare.cpuMs, done)],
    [
      "  memory, at most",
      memory(measured.kintsugi.peakMemoryBytes),
      memory(measured.bare.peakMemoryBytes),
    ],
  ];
  return [
    ...rows.map(([name, ours, bares]) => `  ${cell(name, 28)}${cell(ours, 34)}${bares}`.trimEnd()),
    "",
    ...noteLines(exact),
  ];
}

function noteLines({
  seed,
  failureRate,
  undisturbedMs: answersMs,
  bare,
  kintsugi,
  packages,
  documents,
}: Comparison["exact"]): readonly string[] {
  const { packagesBegun, packagesFailedOfBegun } = bare;
  const rate = Math.round(100 * failureRate);
  return [
    `  Bare ${endOf(bare.ending, documents)}.`,
    `  Until then ${packagesFailedOfBegun} of ${packagesBegun} packages had failed (${percent(packagesFailedOfBegun, packagesBegun)}): the provider fails ${rate} % of all calls, and`,
    `  a package takes one for each of its documents. With Kintsugi ${kintsugi.documentsHit} of ${documents} documents (${percent(kintsugi.documentsHit, documents)})`,
    `  and ${kintsugi.packagesHit} of ${packages} packages (${percent(kintsugi.packagesHit, packages)}) met such a call too; it was made again.`,
    `  ${VARIES}differs from run to run; all other figures follow from the seed "${seed}". The answers`,
    `  alone take ${(answersMs / 1_000).toFixed(1)} s when nothing fails. CPU and memory: runtime and watchdog, or the bare program,`,
    "  the work on the documents included; the model server counts on neither side.",
  ];
}

const percent = (part: number, whole: number): string =>
  `${Math.round((100 * part) / Math.max(1, whole))} %`;

function endOf(ending: BareEnding, documents: number): string {
  switch (ending.kind) {
    case "killed":
      return `was ended by "${ending.by}" at document ${ending.documents} of ${documents}; nobody started it again`;
    case "stuck":
      return "waited for an answer that did not come until its time was over";
    case "finished":
      return "came to its end";
  }
}

const cell = (text: string, width: number): string => text.padEnd(width);

const seconds = (ms: number): string => `${VARIES}${(ms / 1_000).toFixed(1)} s`;

function cpu(ms: number | null, documents: number): string {
  if (ms === null) return "not measured here";
  const each = (ms / Math.max(1, documents)).toFixed(0);
  return `${seconds(ms)} (${each} ms a document)`;
}

const memory = (bytes: number | null): string =>
  bytes === null ? "not measured here" : `${VARIES}${Math.round(bytes / 2 ** 20)} MB`;

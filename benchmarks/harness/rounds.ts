/** Runs a benchmark: round after round, row after row, one contestant at a time in a child of its own. */

import { fork } from "node:child_process";
import type { Bench, Contestant, Pass, Row, Server } from "./bench.ts";
import type { Report } from "./contestant.ts";
import { type Figures, ratiosOf, rotated, spreadOf, spreadsOf } from "./figures.ts";
import type { ContestantResult, RowResult, SectionResult } from "./result.ts";

const PATIENCE_MS = 90_000;

export interface RoundsOptions {
  readonly rounds: number;
  /** Shortens what each child does. */
  readonly quick: boolean;
  /** Place in each row of the contestant that begins the first round. */
  readonly offset: number;
  /** Servers that run, by contestant; and why others do not. */
  readonly servers: ReadonlyMap<string, Server>;
  readonly missing: ReadonlyMap<string, string>;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onRound: (round: number) => void;
}

/** Rounds by contestant; a contestant that failed once is out, with its reason. */
interface Kept {
  readonly rounds: Figures[];
  missing?: string;
}

export async function runRounds(
  bench: Bench,
  options: RoundsOptions,
): Promise<readonly SectionResult[]> {
  const kept = new Map<Contestant, Kept>();
  const rows = bench.sections.flatMap((section) => section.rows);
  for (const { contestants } of rows) {
    for (const contestant of contestants) {
      const missing = options.missing.get(contestant.name);
      kept.set(contestant, { rounds: [], ...(missing !== undefined && { missing }) });
    }
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const row of rows) {
      for (const contestant of rotated(row.contestants, options.offset + round)) {
        if (sitsOut(contestant, round, options)) continue;
        await takePart(contestant, kept.get(contestant), options);
      }
    }
    options.onRound(round + 1);
  }
  return bench.sections.map(({ title, figures, rows: own }) => {
    const compared = figures.filter(({ better }) => better !== undefined);
    return { title, figures, rows: own.map((row) => rowResult(row, kept, compared)) };
  });
}

const sitsOut = (
  { rounds = Infinity, isSlow = false }: Contestant,
  round: number,
  { quick }: RoundsOptions,
): boolean => round >= rounds || (quick && isSlow);

async function takePart(
  contestant: Contestant,
  kept: Kept | undefined,
  options: RoundsOptions,
): Promise<void> {
  if (!kept || kept.missing !== undefined) return;
  options.signal.throwIfAborted();
  const settings = options.servers.get(contestant.name)?.settings ?? {};
  try {
    const figures: Record<string, number> = {};
    for (const pass of contestant.passes) {
      Object.assign(figures, await measure(pass, settings, options));
    }
    kept.rounds.push(figures);
  } catch (error) {
    options.signal.throwIfAborted();
    kept.missing = error instanceof Error ? error.message : String(error);
  }
}

/** @throws what the child failed with. */
function measure(
  pass: Pass,
  serverSettings: Server["settings"],
  { folder, quick, signal }: RoundsOptions,
): Promise<Figures> {
  const told = { folder, quick: quick ? 1 : 0, ...pass.settings, ...serverSettings };
  const child = fork(pass.program, [JSON.stringify(told)], {
    execArgv: ["--conditions=source", "--no-warnings", ...(pass.flags ?? [])],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    signal,
    killSignal: "SIGKILL",
    timeout: pass.patienceMs ?? PATIENCE_MS,
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-2_000);
  });
  return new Promise((resolve, reject) => {
    let report: Report | undefined;
    child.on("message", (message) => {
      report = message as Report;
    });
    child.on("error", reject);
    child.on("close", (code, killed) => {
      if (report && "figures" in report) resolve(report.figures);
      else reject(new Error(report?.failed ?? `It ended with ${killed ?? code}: ${said.trim()}`));
    });
  });
}

function rowResult(
  row: Row,
  kept: ReadonlyMap<Contestant, Kept>,
  compared: SectionResult["figures"],
): RowResult {
  const own = row.contestants.find(({ name }) => name === row.ours);
  const ours = (own && kept.get(own)?.rounds) ?? [];
  const contestants = row.contestants.map((contestant): ContestantResult => {
    const { rounds, missing } = kept.get(contestant) ?? { rounds: [] };
    const ratios = compared.flatMap(({ key, better = "less" }) => {
      const found = contestant === own ? [] : ratiosOf(ours, rounds, key, better);
      return found.length > 0 ? [[key, spreadOf(found)] as const] : [];
    });
    return {
      name: contestant.name,
      ...(contestant.isPeer !== undefined && { isPeer: contestant.isPeer }),
      ...(contestant.note !== undefined && { note: contestant.note }),
      ...(missing !== undefined && { missing }),
      figures: spreadsOf(rounds),
      ratios: Object.fromEntries(ratios),
      rounds,
    };
  });
  return { name: row.name, ours: row.ours, contestants };
}

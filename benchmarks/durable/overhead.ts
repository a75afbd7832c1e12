/** What recording adds to steps that take time: the same ten steps with an engine and without, in turn. */

import { contest } from "../harness/contestant.ts";
import { type Figures, median } from "../harness/figures.ts";
import { type EngineSettings, outputOf, type Runner, STEPS, sleep } from "./engine.ts";
import { openEngine } from "./open-engine.ts";

/** Milliseconds of a step, and how many runs of each side are measured in a child. */
const LENGTHS: readonly (readonly [stepMs: number, full: number, quick: number])[] = [
  [1, 15, 7],
  [5, 9, 3],
  [20, 5, 1],
  [50, 3, 1],
  [100, 2, 1],
];

let runs = 0;

await contest<EngineSettings>(async (settings) => {
  let stepMs = 0;
  const step = async (index: number) => {
    await sleep(stepMs);
    return outputOf(index);
  };
  const engine = await openEngine(settings, { step });
  const bare = await openEngine({ ...settings, engine: "bare" }, { step });
  const figures: Record<string, number> = {};
  for (let warm = 0; warm < 10; warm += 1) await timeOf(engine); // Of no length yet.
  for (const [length, full, quick] of LENGTHS) {
    stepMs = length;
    Object.assign(figures, await compare(engine, bare, length, settings.quick ? quick : full));
  }
  await engine.stop();
  return figures;
});

async function compare(
  engine: Runner,
  bare: Runner,
  stepMs: number,
  rounds: number,
): Promise<Figures> {
  const ours: number[] = [];
  const alone: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await timeOf(bare));
    ours.push(await timeOf(engine));
  }
  const [withMs, withoutMs] = [median(ours), median(alone)];
  return {
    [`percent${stepMs}`]: (withMs / withoutMs - 1) * 100,
    [`addedMs${stepMs}`]: (withMs - withoutMs) / STEPS,
  };
}

async function timeOf(runner: Runner): Promise<number> {
  runs += 1;
  const startedMs = performance.now();
  await runner.run(`${process.pid}-${runs}`);
  return performance.now() - startedMs;
}

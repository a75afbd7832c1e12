/** What a child of this benchmark does: runs of ten steps, so many of them in flight, for a while. */

import { contest } from "../harness/contestant.ts";
import { type Figures, percentile } from "../harness/figures.ts";
import { cpuOfTreeMs, ownCpuMs } from "../harness/process-time.ts";

export interface StepSettings {
  readonly inFlight: number;
  readonly quick: number;
  /** For what is written. */
  readonly folder: string;
  /** What the server's address, or anything else, is for this contestant. */
  readonly [name: string]: string | number;
}

export interface Runner {
  /** One run of ten steps, from its start until its result is known to be safe. */
  run(id: string): Promise<void>;
  /** What it stops before the child ends. */
  stop(): Promise<void>;
}

/** Hears the milliseconds from the begin of a step until it is recorded. */
export type OnStep = (durationMs: number) => void;

export const STEPS = 10;

const WARM_UP_MS = { full: 700, quick: 300 } as const;
const MEASURED_MS = { full: 2_500, quick: 800 } as const;

/** What a step gives back: about 120 bytes of JSON. */
export const outputOf = (step: number): { step: number; ok: boolean; text: string } => ({
  step,
  ok: true,
  text: "x".repeat(90),
});

/** @param open Makes the contestant ready to run. */
export function contestRuns(
  open: (settings: StepSettings, onStep: OnStep) => Promise<Runner>,
): Promise<void> {
  return contest<StepSettings>(async (settings) => {
    const pace = settings.quick ? "quick" : "full";
    let durations: number[] = [];
    const runner = await open(settings, (durationMs) => durations.push(durationMs));
    let runs = 0;
    const run = (): Promise<void> => {
      runs += 1;
      return runner.run(`${process.pid}-${Date.now().toString(36)}-${runs}`);
    };
    await keepInFlight(settings.inFlight, WARM_UP_MS[pace], run);
    durations = [];
    runs = 0;
    const serverPid = Number(settings["serverPid"] ?? 0);
    const serverMs = (): number => (serverPid > 0 ? cpuOfTreeMs(serverPid) : 0);
    const before = { atMs: performance.now(), cpuMs: ownCpuMs(), serverMs: serverMs() };
    await keepInFlight(settings.inFlight, MEASURED_MS[pace], run);
    const steps = runs * STEPS;
    const seconds = (performance.now() - before.atMs) / 1_000;
    const clientCpuMs = (ownCpuMs() - before.cpuMs) / steps;
    const serverCpuMs = (serverMs() - before.serverMs) / steps;
    const figures: Figures = {
      stepsPerSecond: steps / seconds,
      cpuMsPerStep: clientCpuMs + serverCpuMs,
      serverCpuMsPerStep: serverCpuMs,
      stepP50Ms: percentile(durations, 0.5),
      stepP99Ms: percentile(durations, 0.99),
    };
    await runner.stop();
    return figures;
  });
}

/** Begins runs for so long, as many at a time; resolves when the last of them has ended. */
async function keepInFlight(
  inFlight: number,
  forMs: number,
  run: () => Promise<void>,
): Promise<void> {
  const endMs = performance.now() + forMs;
  const lane = async (): Promise<void> => {
    do await run();
    while (performance.now() < endMs);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

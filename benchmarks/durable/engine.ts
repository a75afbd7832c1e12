/** What all that is measured here have in common: a run of ten steps, one after the other. */

import { join } from "node:path";

export interface EngineSettings {
  readonly engine: string;
  readonly quick: number;
  /** For what is written. */
  readonly folder: string;
  /** What the server's address, or anything else, is for this contestant. */
  readonly [name: string]: string | number;
}

/** What the steps do, and who hears of them. */
export interface Work {
  /** The whole of a step; what it gives is recorded. */
  readonly step: (step: number) => StepOutput | Promise<StepOutput>;
  /** Hears the milliseconds from the begin of a step until it is recorded. @defaultValue nobody */
  readonly onStep?: (durationMs: number) => void;
}

export interface StepOutput {
  readonly step: number;
  readonly ok: boolean;
  readonly text: string;
}

export interface Runner {
  /** One run of ten steps, from its start until its result is known to be safe. */
  run(id: string): Promise<void>;
  /** Takes up a run of an earlier process. @defaultValue the engine does by itself, once it is open */
  goOn?(id: string): Promise<void>;
  /** What it stops before the child ends. */
  stop(): Promise<void>;
}

export type OpenEngine = (settings: EngineSettings, work: Work) => Promise<Runner>;

export const STEPS = 10;

/** What a step gives back: about 120 bytes of JSON. */
export const outputOf = (step: number): StepOutput => ({ step, ok: true, text: "x".repeat(90) });

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Where an engine without a server writes: the same file in the next process where one is named. */
export const fileOf = ({ folder, engine, file }: EngineSettings): string =>
  String(file ?? join(folder, `${engine}-${process.pid}.sqlite`));

/** Begins runs for so long, as many at a time; resolves when the last of them has ended. */
export async function keepInFlight(
  runner: Runner,
  inFlight: number,
  forMs: number,
): Promise<number> {
  const endMs = performance.now() + forMs;
  let runs = 0;
  const lane = async (): Promise<void> => {
    do {
      runs += 1;
      await runner.run(`${process.pid}-${Date.now().toString(36)}-${runs}`);
    } while (performance.now() < endMs);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return runs;
}

/**
 * kill -9 in the sixth of ten steps of 100 ms, and the same program again at once: how long until a step
 * that was not recorded begins, and until the last has ended.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { contest } from "../harness/contestant.ts";
import { type Figures, median } from "../harness/figures.ts";
import { beginLife, type WatchedLife } from "./crash-life.ts";
import { beginProgram, prepareProgram } from "./crash-program.ts";
import type { Said } from "./crash-said.ts";
import { type EngineSettings, STEPS, sleep } from "./engine.ts";
import { freePort } from "./ports.ts";

/** In the middle of what this step does. */
const KILLED_IN = { step: 5, afterMs: 40 } as const;
/** For what an engine writes when the last step has ended. */
const LAST_WORDS_MS = 400;

interface CrashSettings extends EngineSettings {
  /** The program of the first life. */
  readonly program: string;
  /** The program of the second, beside the one of the runtime. @defaultValue the same */
  readonly next: "the same" | "kintsugi up" | "none";
  readonly times: number;
}

await contest<CrashSettings>(async (settings) => {
  const times = settings.quick ? 1 : settings.times;
  const found: Figures[] = [];
  for (let time = 0; time < times; time += 1) {
    found.push(await (settings.next === "none" ? boot(settings) : crash(settings, time)));
  }
  const middle = (key: string): number => median(found.map((figures) => figures[key] ?? 0));
  return Object.fromEntries(Object.keys(found[0] ?? {}).map((key) => [key, middle(key)]));
});

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The second of two lives, as in a crash. */
async function boot({ program }: CrashSettings): Promise<Figures> {
  const live = async (): Promise<WatchedLife> => {
    const life = beginLife(here(program), "{}");
    await life.hears("up", 0);
    await life.end("SIGKILL");
    return life;
  };
  await live();
  const life = await live();
  return { firstStepMs: (life.said[0]?.atMs ?? Number.NaN) - life.startedMs };
}

async function crash(settings: CrashSettings, time: number): Promise<Figures> {
  const id = `crash-${process.pid}-${time}`;
  const file = join(settings.folder, `${id}.sqlite`);
  const told = { ...settings, id, file, port: await freePort() };
  const program = here(settings.program);
  const isRuntime = settings.next === "kintsugi up";
  if (isRuntime) await prepareProgram(file);
  const first = beginLife(program, JSON.stringify({ ...told, life: "first" }));
  await first.hears("begun", KILLED_IN.step);
  await sleep(KILLED_IN.afterMs);
  await first.end("SIGKILL");
  const second = isRuntime
    ? beginProgram(file)
    : beginLife(program, JSON.stringify({ ...told, life: "second" }));
  await second.hears("ended", STEPS - 1);
  await sleep(LAST_WORDS_MS);
  await second.end(isRuntime ? "SIGTERM" : "SIGKILL");
  return figuresOf(first, second);
}

/** @throws when a step was lost. */
function figuresOf(first: WatchedLife, second: WatchedLife): Figures {
  const steps = Array.from({ length: STEPS }, (_, step) => step);
  const ended = (said: readonly Said[]): ReadonlySet<number> =>
    new Set(said.filter(({ word }) => word === "ended").map(({ step }) => step));
  const before = ended(first.said);
  const after = ended(second.said);
  const lost = steps.filter((step) => !before.has(step) && !after.has(step));
  if (lost.length > 0) throw new Error(`The steps ${lost.join(", ")} were never done`);
  const begun = second.said.find(({ word, step }) => word === "begun" && !before.has(step));
  const done = second.said.find(({ word, step }) => word === "ended" && step === STEPS - 1);
  return {
    firstStepMs: (begun?.atMs ?? Number.NaN) - second.startedMs,
    doneMs: (done?.atMs ?? Number.NaN) - second.startedMs,
    repeated: [...before].filter((step) => after.has(step)).length,
  };
}

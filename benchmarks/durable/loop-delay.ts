/** How late timers are while fifty runs record a step every few milliseconds. */

import { contest } from "../harness/contestant.ts";
import { percentile } from "../harness/figures.ts";
import { type EngineSettings, keepInFlight, outputOf, STEPS, sleep } from "./engine.ts";
import { openEngine } from "./open-engine.ts";

const WRITERS = 50;
/** Of each step. */
const STEP_MS = 3;
const TIMER_MS = 2;
const WARM_UP_MS = { full: 700, quick: 300 } as const;
const MEASURED_MS = { full: 2_000, quick: 700 } as const;

await contest<EngineSettings>(async (settings) => {
  const pace = settings.quick ? "quick" : "full";
  const runner = await openEngine(settings, {
    step: async (step) => {
      await sleep(STEP_MS);
      return outputOf(step);
    },
  });
  await keepInFlight(runner, WRITERS, WARM_UP_MS[pace]);
  const late: number[] = [];
  const startedMs = performance.now();
  let lastMs = startedMs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    late.push(Math.max(0, nowMs - lastMs - TIMER_MS));
    lastMs = nowMs;
  }, TIMER_MS);
  const runs = await keepInFlight(runner, WRITERS, MEASURED_MS[pace]);
  clearInterval(timer);
  const seconds = (performance.now() - startedMs) / 1_000;
  await runner.stop();
  return {
    lateP50Ms: percentile(late, 0.5),
    lateP99Ms: percentile(late, 0.99),
    stepsPerSecond: (runs * STEPS) / seconds,
  };
});

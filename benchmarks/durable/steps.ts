/** What a recorded step costs: runs of ten steps that do nothing, so many of them in flight, for a while. */

import { contest } from "../harness/contestant.ts";
import { percentile } from "../harness/figures.ts";
import { cpuOfTreeMs, ownCpuMs } from "../harness/process-time.ts";
import { type EngineSettings, keepInFlight, outputOf, STEPS } from "./engine.ts";
import { openEngine } from "./open-engine.ts";

const WARM_UP_MS = { full: 500, quick: 300 } as const;
const MEASURED_MS = { full: 2_000, quick: 800 } as const;

await contest<EngineSettings & { readonly inFlight: number }>(async (settings) => {
  const pace = settings.quick ? "quick" : "full";
  let durations: number[] = [];
  const runner = await openEngine(settings, {
    step: outputOf,
    onStep: (durationMs) => durations.push(durationMs),
  });
  await keepInFlight(runner, settings.inFlight, WARM_UP_MS[pace]);
  durations = [];
  const serverPid = Number(settings["serverPid"] ?? 0);
  const serverMs = (): number => (serverPid > 0 ? cpuOfTreeMs(serverPid) : 0);
  const before = { atMs: performance.now(), cpuMs: ownCpuMs(), serverMs: serverMs() };
  const steps = STEPS * (await keepInFlight(runner, settings.inFlight, MEASURED_MS[pace]));
  const seconds = (performance.now() - before.atMs) / 1_000;
  const clientCpuMs = (ownCpuMs() - before.cpuMs) / steps;
  const serverCpuMs = (serverMs() - before.serverMs) / steps;
  await runner.stop();
  return {
    stepsPerSecond: steps / seconds,
    cpuMsPerStep: clientCpuMs + serverCpuMs,
    serverCpuMsPerStep: serverCpuMs,
    stepP50Ms: percentile(durations, 0.5),
    stepP99Ms: percentile(durations, 0.99),
  };
});

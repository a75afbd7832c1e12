/** What one engine or another is known to lose, to do twice or not to tell: each a sentence of ours. */

import type { EngineCases } from "./bench.ts";
import { branchCases, branchCrashCases } from "./branch-cases.ts";
import { cancelCases, cancelCrashCases } from "./cancel-cases.ts";
import { changedCodeCases } from "./changed-code-cases.ts";
import { childCases, childCrashCases } from "./child-cases.ts";
import { errorCases, errorCrashCases } from "./error-cases.ts";
import { promiseCases, promiseCrashCases } from "./promise-cases.ts";
import { signalCases, signalCrashCases } from "./signal-cases.ts";
import { clockCases, sleepCases, sleepCrashCases } from "./sleep-cases.ts";
import { valueCases, valueCrashCases } from "./value-cases.ts";

export const knownHoles: Readonly<Record<string, EngineCases>> = {
  "errors of steps": errorCases,
  "values that are recorded": valueCases,
  "branches side by side": branchCases,
  "a run and who asks for it": promiseCases,
  "a run that is cancelled": cancelCases,
  "children of a run": childCases,
  "sleeps of a run": sleepCases,
  "signals to a run": signalCases,
};

export const knownHolesOfCrashes: Readonly<Record<string, EngineCases>> = {
  "a run whose code is not what is recorded": changedCodeCases,
  "errors of steps, over a crash": errorCrashCases,
  "values that are recorded, over a crash": valueCrashCases,
  "branches side by side, over a crash": branchCrashCases,
  "a run and who asks for it, over a crash": promiseCrashCases,
  "a run that is cancelled, over a crash": cancelCrashCases,
  "children of a run, over a crash": childCrashCases,
  "sleeps of a run, over a crash": sleepCrashCases,
  "signals to a run, over a crash": signalCrashCases,
};

export const knownHolesOfClocks: Readonly<Record<string, EngineCases>> = {
  "a wall clock that is set": clockCases,
};

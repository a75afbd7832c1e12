/**
 * What every engine must do, whatever it writes to and whatever clock it lives by: one suite for all
 * engines, for any test runner.
 */

import { attributeCases } from "./engine-conformance/attribute-cases.ts";
import type { EngineCases, OpenEngine } from "./engine-conformance/bench.ts";
import { changeCrashCases, patchCases } from "./engine-conformance/change-cases.ts";
import { crashCases } from "./engine-conformance/crash-cases.ts";
import { deadLetterCases } from "./engine-conformance/dead-letter-cases.ts";
import { deadlineCases, deadlineCrashCases } from "./engine-conformance/deadline-cases.ts";
import { eventCases, eventCrashCases } from "./engine-conformance/event-cases.ts";
import {
  knownHoles,
  knownHolesOfClocks,
  knownHolesOfCrashes,
} from "./engine-conformance/known-holes.ts";
import { listCases } from "./engine-conformance/list-cases.ts";
import { quarantineCases } from "./engine-conformance/quarantine-cases.ts";
import { queueCases, queueCrashCases } from "./engine-conformance/queue-cases.ts";
import { raceCases, raceCrashCases } from "./engine-conformance/race-cases.ts";
import { forkCases, rewindCases } from "./engine-conformance/revival-cases.ts";
import { runCases } from "./engine-conformance/run-cases.ts";
import { stepCases } from "./engine-conformance/step-cases.ts";
import { undoCases, undoCrashCases } from "./engine-conformance/undo-cases.ts";
import { waitCases } from "./engine-conformance/wait-cases.ts";

export interface EngineConformanceOptions {
  /** Names the engine in the tests' names. */
  readonly name: string;
  /** Opens an engine on a state of its own, which no other test has. */
  readonly open: OpenEngine;
  /** The engine can be crashed and reopened within a test. @defaultValue false */
  readonly reopens?: boolean;
  /** The wall clock can be set within a test. @defaultValue false */
  readonly setsClock?: boolean;
  /** The runner's own: vitest's, or those of `node:test`. */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

const SITUATIONS: Readonly<Record<string, EngineCases>> = {
  "the steps of a run": stepCases,
  "a run": runCases,
  "a run that waits": waitCases,
  "a dead letter": deadLetterCases,
  "runs in a list": listCases,
  "runs in queues": queueCases,
  "a run that is rewound": rewindCases,
  "a run that is forked": forkCases,
  "a race": raceCases,
  "the events of a run": eventCases,
  "attributes of runs": attributeCases,
  "a patch": patchCases,
  "a deadline": deadlineCases,
  "a run that comes to a bad end": undoCases,
};

const SITUATIONS_OF_CRASHES: Readonly<Record<string, EngineCases>> = {
  "a run whose process ended": crashCases,
  "a race whose process ended": raceCrashCases,
  "a deadline, over a restart": deadlineCrashCases,
  "a run that is undone when its process ends": undoCrashCases,
  "the events of a run, over restarts": eventCrashCases,
  "a run whose code has changed": changeCrashCases,
  "a crash that comes again and again": quarantineCases,
  "queues over a restart": queueCrashCases,
};

/**
 * Declares the tests.
 *
 * @example
 * engineConformance({ name: "the embedded engine", open: openEmbedded, describe, it });
 */
export function engineConformance(options: EngineConformanceOptions): void {
  const { name, open, reopens = false, setsClock = false, describe, it } = options;
  const situations = {
    ...{ ...SITUATIONS, ...knownHoles },
    ...(reopens && { ...SITUATIONS_OF_CRASHES, ...knownHolesOfCrashes }),
    ...(setsClock && knownHolesOfClocks),
  };
  for (const [situation, cases] of Object.entries(situations)) {
    describe(`${situation}, on ${name}`, () => {
      for (const [sentence, check] of Object.entries(cases)) {
        it(sentence, () => check(open));
      }
    });
  }
}

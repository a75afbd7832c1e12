/** Defines schedules. A schedule is a name, a workflow and the times at which runs of it begin. */

import type { StartOptions } from "../run-types.ts";
import type { Workflow } from "../types.ts";
import { calendar } from "./cron.ts";
import type { CatchUp } from "./schedule-state.ts";

export interface ScheduleOptions<Input> extends Pick<StartOptions, "queue" | "priority"> {
  /** Unique among all schedules; its runs are named `<name>@<planned time>`. */
  readonly name: string;
  readonly workflow: Workflow<Input, unknown>;
  /** Minute, hour, day of the month, month, weekday; with a sixth field before them, seconds. */
  readonly cron: string;
  /** A name of IANA's, such as "Europe/Berlin". @defaultValue "UTC" */
  readonly timeZone?: string;
  /** The same for each run. @defaultValue undefined */
  readonly input?: Input;
  /** What becomes of planned times that passed while nobody was there. @defaultValue "last" */
  readonly catchUp?: CatchUp;
}

export interface Schedule {
  readonly kind: "schedule";
  readonly name: string;
  readonly workflow: Workflow<never, unknown>;
  readonly cron: string;
  readonly timeZone: string;
  readonly input: unknown;
  readonly catchUp: CatchUp;
  readonly start: Pick<StartOptions, "queue" | "priority">;
}

/**
 * @example
 * const nightly = defineSchedule({ name: "nightly", workflow: report, cron: "0 3 * * *", timeZone: "Europe/Berlin" });
 *
 * @throws {@link RangeError} for an empty name, and a pattern or a time zone that there is not.
 */
export function defineSchedule<Input>(options: ScheduleOptions<Input>): Schedule {
  const { name, workflow, cron, timeZone = "UTC", catchUp = "last", queue, priority } = options;
  if (name === "") throw new RangeError("A schedule needs a name, got an empty text");
  calendar(name, cron, timeZone);
  if (!["last", "all", "none"].includes(catchUp)) {
    throw new RangeError(`schedules.${name}.catchUp must be last, all or none, got "${catchUp}"`);
  }
  const start = {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
  };
  const { input } = options;
  return Object.freeze({ kind: "schedule", name, workflow, cron, timeZone, input, catchUp, start });
}

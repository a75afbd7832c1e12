/** The runtime as its users hold it. */

import type { Healer } from "../heal/index.ts";
import type { Fact, FactLog } from "../store/index.ts";
import type { Components, Health } from "../supervise/index.ts";
import type {
  DeadLetterQueue,
  RunHandle,
  Scheduler,
  StartOptions,
  Workflow,
} from "../workflow/index.ts";
import type { Runs } from "./runs.ts";

/** A running runtime. */
export interface Kintsugi extends AsyncDisposable {
  readonly name: string;
  /**
   * Starts a run; the same id gives the same run, never a second. The run is durable when this resolves.
   *
   * @throws {@link UnknownWorkflowError} when a name is given that nobody has brought.
   */
  start<Input, Output>(
    workflow: Workflow<Input, Output> | string,
    input: Input,
    options?: StartOptions,
  ): Promise<RunHandle<Output>>;
  readonly runs: Runs;
  readonly deadLetters: DeadLetterQueue;
  readonly schedules: Pick<Scheduler, "list">;
  readonly components: Pick<Components, "list" | "get" | "restart">;
  readonly incidents: Healer["incidents"];
  /** The worst health of the components. */
  health(): Health;
  /** @param subject - a component, `playbook:<name>`, or the healer. @defaultValue "self_healing" */
  readonly trust: Healer["trust"];
  readonly events: Events;
  /** Stops in order: runs are left where they are, components are ended, what is queued is written. */
  stop(): Promise<void>;
}

/** The event bus over the log of facts. */
export interface Events {
  /**
   * Hears of facts after they are stored: of one type, of a room (`"incident."`), or of all (`"*"`).
   * The seeds' events (`event.incident`, `trust.score.update`) are told beside ours. Returns the way to
   * stop listening.
   *
   * @throws {@link RangeError} when there are 1,000 listeners already.
   */
  on(type: string, listener: (event: PublishedEvent) => void): () => void;
  /** Stores an event of the user's own: `noun.verb`, JSON. Resolves when it is durable. */
  publish(type: string, payload: object): Promise<void>;
  readonly log: FactLog;
}

/** `id` is null for an event that is told but not stored. */
export type PublishedEvent = Omit<Fact, "id"> & { readonly id: number | null };

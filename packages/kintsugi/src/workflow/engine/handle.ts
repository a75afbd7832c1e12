import type { EventsOptions, RunEvent, RunHandle, RunStatus } from "../run-types.ts";

/** What the handles of an engine call; all of it goes by the run's id. */
export interface RunDesk {
  resultOf(runId: string, signal: AbortSignal | undefined): Promise<unknown>;
  statusOf(runId: string): Promise<RunStatus>;
  send(runId: string, signal: string, payload: unknown): Promise<void>;
  eventsOf(runId: string, options: EventsOptions): AsyncIterable<RunEvent>;
  cancel(runId: string): Promise<void>;
}

export class EngineRunHandle<Output> implements RunHandle<Output> {
  readonly id: string;
  readonly #desk: RunDesk;

  constructor(id: string, desk: RunDesk) {
    this.id = id;
    this.#desk = desk;
  }

  result(signal?: AbortSignal): Promise<Output> {
    return this.#desk.resultOf(this.id, signal) as Promise<Output>;
  }

  status(): Promise<RunStatus> {
    return this.#desk.statusOf(this.id);
  }

  signal(name: string, payload?: unknown): Promise<void> {
    return this.#desk.send(this.id, name, payload);
  }

  events(options: EventsOptions = {}): AsyncIterable<RunEvent> {
    return this.#desk.eventsOf(this.id, options);
  }

  cancel(): Promise<void> {
    return this.#desk.cancel(this.id);
  }
}

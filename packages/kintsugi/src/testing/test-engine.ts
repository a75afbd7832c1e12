/** An engine for tests: its store is in memory, and its time skips from one thing to the next. */

import {
  type Clock,
  type Duration,
  durationMs,
  type Random,
  seededRandom,
} from "@kintsugi/policy/base";

import { memoryDisk, memoryStore } from "../store/index.ts";
import {
  type Engine,
  embeddedEngine,
  type QueueOptions,
  type RunHandle,
  type StartOptions,
  type Workflow,
  workflowTables,
} from "../workflow/index.ts";
import { SkippingClock } from "./skipping-clock.ts";

export interface TestEngineOptions {
  /** Those of the runs, and of their children. */
  readonly workflows?: readonly Workflow<never, unknown>[];
  /** @defaultValue only the queue "default", without limits */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /** Replays each run at its end: see `EmbeddedEngineOptions`. @defaultValue true */
  readonly replayCheck?: boolean;
  /** Wall time at the start, epoch milliseconds. @defaultValue the first moment of 2026 (UTC) */
  readonly epochMs?: number;
  /** What `ctx.random`, `ctx.uuid` and new ids come from. @defaultValue 1 */
  readonly seed?: number | string;
  /**
   * Real time for what steps do in the real world (files, servers). Time stands still for them so long,
   * then it goes on regardless. What waits for {@link TestEngine.clock} needs none.
   * @defaultValue "1s"
   */
  readonly patience?: Duration;
}

/** @typeParam Output - what a run comes to */
export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** The time that runs live in: for policies and waits inside steps. It moves while somebody waits. */
  readonly clock: Clock;
  /** Starts a run and lets time skip to its end. @throws as {@link RunHandle.result} and `settle`. */
  run<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: StartOptions,
  ): Promise<Output>;
  /** Starts a run. Time does not pass, and so it comes no further than to its first wait. */
  start<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: StartOptions,
  ): Promise<RunHandle<Output>>;
  /**
   * Lets time skip until `work` is settled.
   *
   * @throws what `work` throws; an Error that names the open runs when nothing more will happen, or when
   * `within` has passed. @defaultValue within ten years
   */
  settle<T>(work: Promise<T>, within?: Duration): Promise<T>;
  /** Lets exactly so much time go by; all that comes due is done. */
  skip(duration: Duration): Promise<void>;
  /** Does this when so much time has gone by: sends a signal, say. What it throws, `settle` throws. */
  after(duration: Duration, act: () => unknown): void;
  /** Ends the engine as a kill of its process would; the next one has its rows, and these workflows. */
  crash(workflows?: readonly Workflow<never, unknown>[]): Promise<void>;
}

const TEN_YEARS: Duration = "3650d";

/** Open runs that a sentence names. */
const MOST_NAMED = 5;

/**
 * @example
 * await using test = await testEngine({ workflows: [remind] });
 * const handle = await test.start(remind, "ada");
 * test.after("3d", () => handle.signal("paid"));
 * assert.equal(await test.settle(handle.result()), "paid"); // Takes milliseconds.
 */
export async function testEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const test = new SkippingTest(options);
  await test.crash();
  return test;
}

class SkippingTest implements TestEngine {
  readonly clock: Clock;
  readonly #options: TestEngineOptions;
  readonly #time: SkippingClock;
  readonly #disk = memoryDisk();
  readonly #random: Random;
  #workflows: readonly Workflow<never, unknown>[];
  #engine: Engine | undefined;
  #life = new StepWatch();

  constructor(options: TestEngineOptions) {
    const { epochMs, patience = "1s", seed = 1, workflows = [] } = options;
    this.#options = options;
    this.#workflows = workflows;
    this.#random = seededRandom(seed);
    this.#time = new SkippingClock({
      epochMs,
      patienceMs: durationMs(patience),
      isWorking: () => this.#life.isWorking,
      stuck: () => this.#stuck("Nothing more will happen by itself"),
    });
    this.clock = this.#clockOfSteps();
  }

  get engine(): Engine {
    if (!this.#engine) throw new Error("The test engine has not been started");
    return this.#engine;
  }

  async run<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options?: StartOptions,
  ): Promise<Output> {
    const handle = await this.start(workflow, input, options);
    return this.settle(handle.result());
  }

  start<Input, Output>(
    workflow: Workflow<Input, Output>,
    input: Input,
    options: StartOptions = {},
  ): Promise<RunHandle<Output>> {
    return this.settle(this.engine.run(workflow, input, options), 0);
  }

  async settle<T>(work: Promise<T>, within: Duration = TEN_YEARS): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    work.then(settled, settled);
    const untilMs = this.#time.monotonicMs() + durationMs(within);
    const isDone = await this.#time.skip(untilMs, () => isSettled, false);
    if (!isDone) throw await this.#stuck(`It has not come within ${within}`);
    return work;
  }

  async skip(duration: Duration): Promise<void> {
    await this.#time.skip(this.#time.monotonicMs() + durationMs(duration), () => false, true);
  }

  after(duration: Duration, act: () => unknown): void {
    const doIt = async (): Promise<unknown> => act();
    this.#time.after(durationMs(duration), () => {
      doIt().catch((error: unknown) => this.#time.fail(error));
    });
  }

  async crash(workflows = this.#workflows): Promise<void> {
    this.#workflows = workflows;
    const { queues, replayCheck = true } = this.#options;
    const life = new StepWatch();
    this.#life = life;
    const engine = embeddedEngine({
      store: memoryStore({ clock: this.#time, disk: this.#disk, tables: workflowTables }),
      clock: this.#time,
      random: this.#random,
      replayCheck,
      aroundStep: (code) => life.around(code),
      onFatal: () => {}, // The store that has the disk now shuts the one before out.
      ...(queues && { queues }),
    });
    for (const workflow of workflows) engine.register(workflow);
    this.#engine = engine;
    await this.settle(engine.start());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle(this.engine.stop());
  }

  /** The same time; who waits for it is a step that does not work in the real world. */
  #clockOfSteps(): Clock {
    const time = this.#time;
    return {
      epochMs: () => time.epochMs(),
      monotonicMs: () => time.monotonicMs(),
      immediate: (fn) => time.immediate(fn),
      after: (ms, fn) => {
        const done = this.#life.waits();
        const cancel = time.after(ms, () => {
          done();
          fn();
        });
        return () => {
          done();
          cancel();
        };
      },
    };
  }

  async #stuck(what: string): Promise<Error> {
    const open = await this.engine.list({ status: "running", limit: MOST_NAMED });
    const runs = open.map(
      ({ id, workflow, waiting }) =>
        `run "${id}" of "${workflow}" ${waiting ? "waits, perhaps for a signal" : "is busy"}`,
    );
    return new Error(`${what}: ${runs.length === 0 ? "no run is open" : runs.join("; ")}`);
  }
}

/** Steps of one life that are in flight, and what of them waits for the test's clock. */
class StepWatch {
  #inFlight = 0;
  #waiting = 0;

  get isWorking(): boolean {
    return this.#inFlight > 0 && this.#waiting === 0;
  }

  async around<T>(code: () => Promise<T> | T): Promise<T> {
    this.#inFlight += 1;
    try {
      return await code();
    } finally {
      this.#inFlight -= 1;
    }
  }

  waits(): () => void {
    let isOver = false;
    this.#waiting += 1;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#waiting -= 1;
    };
  }
}

/**
 * Counts what happens while the program runs: ends of calls and changes of circuits, facts after they
 * were stored, steps as they end. It begins at zero with each life of the runtime, and stores nothing.
 */

import type { CallMeasure, CircuitMeasure } from "@kintsugi/policy";
import type { Clock } from "@kintsugi/policy/base";

import type { FactLog } from "../store/index.ts";
import type { ComponentSample, Components } from "../supervise/index.ts";
import type { WorkflowMeasure } from "../workflow/index.ts";
import { FactTally } from "./fact-tally.ts";
import { type Distribution, type Family, Figures, figuresText, type Tally } from "./figures.ts";
import { type ReadableProgram, readProgram } from "./readings.ts";
import { SeriesState } from "./series-state.ts";
import type { Series } from "./types.ts";

/** The series of one policy, found once, so that a call costs no search but that for its name. */
interface PolicyFigures {
  readonly success: Tally;
  readonly failure: Tally;
  readonly ignore: Tally;
  readonly retries: Tally;
  readonly seconds: Distribution;
}

/** The newest sample of a component, and when it came by the monotonic clock. */
interface Silence {
  readonly silentMs: number | null;
  readonly sinceMs: number;
}

export class Recorder {
  readonly #clock: Clock;
  readonly #series: SeriesState;
  readonly #counted: Figures;
  readonly #facts: FactTally;
  readonly #policies = new Map<string, PolicyFigures>();
  readonly #silences = new Map<string, Silence>();
  readonly #calls: Family<Tally>;
  readonly #callSeconds: Family<Distribution>;
  readonly #retries: Family<Tally>;
  readonly #transitions: Family<Tally>;
  readonly #steps: Family<Tally>;
  readonly #stepSeconds: Family<Distribution>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#series = new SeriesState(clock.epochMs());
    this.#counted = new Figures((name) => this.#drop(name));
    this.#facts = new FactTally(this.#counted);
    this.#calls = this.#counted.tallies("kintsugi_calls_total");
    this.#callSeconds = this.#counted.distributions("kintsugi_call_duration_seconds");
    this.#retries = this.#counted.tallies("kintsugi_retries_total");
    this.#transitions = this.#counted.tallies("kintsugi_breaker_transitions_total");
    this.#steps = this.#counted.tallies("kintsugi_steps_total");
    this.#stepSeconds = this.#counted.distributions("kintsugi_step_duration_seconds");
  }

  /** Hears of facts and samples; before the first fact of a life, none is missed. Returns the way to stop. */
  listen(facts: FactLog, components: Pick<Components, "onSample">): () => void {
    const leaveFacts = facts.subscribe((fact) => this.#facts.hear(fact));
    const leaveSamples = components.onSample((sample) => this.#hearSample(sample));
    return () => {
      leaveFacts();
      leaveSamples();
    };
  }

  /** On the path of every call. @param nowMs - epoch milliseconds */
  call({ name, outcome, attempts, durationMs }: CallMeasure, nowMs: number): void {
    const retries = attempts > 1 ? attempts - 1 : 0;
    this.#series.call(outcome !== "success", retries, durationMs, nowMs);
    const figures = this.#policies.get(name) ?? this.#claimPolicy(name);
    if (figures) {
      figures[outcome].value += 1;
      figures.retries.value += retries;
      figures.seconds.observe(durationMs / 1_000);
      return;
    }
    this.#calls.at(name, outcome).value += 1;
    this.#callSeconds.at(name).observe(durationMs / 1_000);
    if (retries > 0) this.#retries.at(name).value += retries;
  }

  circuit({ name, to }: CircuitMeasure): void {
    this.#transitions.at(name, to).value += 1;
  }

  workflow(measure: WorkflowMeasure): void {
    if (measure.kind !== "step ended") return;
    const { workflow, failed, durationMs } = measure;
    this.#series.step(this.#clock.epochMs());
    this.#steps.at(workflow, failed ? "failure" : "success").value += 1;
    this.#stepSeconds.at(workflow).observe(durationMs / 1_000);
  }

  /** Attempts beyond the first of each call of that name; undefined where none was counted. */
  retriesOf(policy: string): number | undefined {
    return this.#policies.get(policy)?.retries.value;
  }

  /** The last minutes; with `sinceMs`, from that second on. Always with the second that runs now. */
  series(sinceMs?: number): Series {
    return this.#series.read(this.#clock.epochMs(), sinceMs);
  }

  /** Everything counted, and what the program says of itself now, in Prometheus' text format. */
  async text(program: ReadableProgram): Promise<string> {
    const read = new Figures((name) => this.#drop(name));
    await readProgram(program, read, {
      silentMs: (component) => this.#silentMs(component),
      troubles: this.#facts.troubles,
      epochMs: this.#clock.epochMs(),
    });
    return figuresText([this.#counted, read]);
  }

  /** A name without room for all of its series is searched for with each call, and counted as others are. */
  #claimPolicy(name: string): PolicyFigures | undefined {
    const success = this.#calls.claim(name, "success");
    const failure = this.#calls.claim(name, "failure");
    const ignore = this.#calls.claim(name, "ignore");
    const retries = this.#retries.claim(name);
    const seconds = this.#callSeconds.claim(name);
    if (!success || !failure || !ignore || !retries || !seconds) return undefined;
    const figures = { success, failure, ignore, retries, seconds };
    this.#policies.set(name, figures);
    return figures;
  }

  #hearSample({ component, silentMs }: ComponentSample): void {
    this.#silences.set(component, { silentMs, sinceMs: this.#clock.monotonicMs() });
  }

  #silentMs(component: string): number | null {
    const known = this.#silences.get(component);
    if (!known || known.silentMs === null) return null;
    return known.silentMs + this.#clock.monotonicMs() - known.sinceMs;
  }

  #drop(metric: string): void {
    this.#counted.tallies("kintsugi_metric_drops_total").at(metric).value += 1;
  }
}

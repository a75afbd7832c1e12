/** One component from life to life: the shell around `component-state.ts`. */

import { type Cancel, orAborted } from "@kintsugi/policy/base";

import type { ExitReason, Host, ProcessIdentity } from "../host/index.ts";
import type { Link, LinkListener } from "./component-socket.ts";
import { type ComponentRules, type ComponentState, describeExit, isUp } from "./component-state.ts";
import { RestartFailedError, StillAliveError } from "./errors.ts";
import type { HelloFrame } from "./frames/component-frames.ts";
import type { Journal } from "./journal.ts";
import type { Body, Life } from "./life.ts";
import { ComponentRecord } from "./record.ts";
import { startDueInMs } from "./restart/restart-state.ts";
import type { ComponentSample, ComponentSpec, ComponentView, ExitView, Health } from "./types.ts";
import { Vitals } from "./vitals.ts";

interface MemberOptions {
  readonly host: Host;
  readonly journal: Journal;
  readonly spec: ComponentSpec;
  readonly body: Body;
  readonly rules: ComponentRules;
  readonly heartbeatMs: number;
  readonly shutdownMs: number;
  /** What an earlier supervisor left of it. */
  readonly state: ComponentState;
  readonly lastExit: ExitView | null;
  /** A component that has to run before this one starts, and does not. */
  readonly waitsFor: () => string | undefined;
  /** Tells all after a change of phase or life. */
  readonly onChange: () => void;
  /** Resolves at the next such change of any component. */
  readonly nextChange: () => Promise<void>;
}

/** A killed process is gone in milliseconds; one that is not waits for a disk that does not answer. */
const KILL_LIMIT_MS = 5_000;

/** What a program is told of its time to leave: at the end of all of it, it is killed. */
const OWN_SHARE = 0.9;

/** A component that has not come up by then is a failed restart, though it may still come. */
const START_LIMIT_MS = 30_000;

export class Member {
  readonly name: string;
  readonly spec: ComponentSpec;
  readonly vitals: Vitals;
  readonly #options: MemberOptions;
  readonly #record: ComponentRecord;
  #life: Life | undefined;
  #adopted = false;
  #nextStartAtMs: number | null = null;
  #cancelStart: Cancel = () => {};
  #lease: Promise<void> | undefined;

  constructor(options: MemberOptions) {
    const { spec, body, waitsFor, heartbeatMs } = options;
    this.name = spec.name;
    this.spec = spec;
    this.#options = options;
    this.vitals = new Vitals({
      ...options,
      onBeat: () => this.#beaten(),
      onWord: () => this.#refresh(),
    });
    const { pulse } = this.vitals;
    this.#record = new ComponentRecord({
      ...options,
      name: spec.name,
      kind: spec.kind,
      fingerprint: body.fingerprint,
      condition: () => ({
        silentMs: pulse.silentMs(),
        ownWord: pulse.ownWord,
        heartbeatMs,
        waitsFor: waitsFor(),
      }),
    });
  }

  get phase(): ComponentState["phase"] {
    return this.#record.state.phase;
  }

  /** Of what it would be started by now. */
  get fingerprint(): string {
    return this.#options.body.fingerprint;
  }

  view(): ComponentView {
    const { state, health, identity, lastExit, startedAtMs } = this.#record;
    const { phase, incarnation, restarts } = state;
    return {
      name: this.name,
      kind: this.spec.kind,
      phase,
      health,
      identity,
      incarnation,
      restarts,
      adopted: this.#adopted,
      startedAtMs,
      lastBeatAtMs: this.vitals.pulse.lastBeatAtMs,
      rssBytes: this.vitals.rssBytes,
      lastExit,
      nextStartAtMs: this.#nextStartAtMs,
    };
  }

  /** Begins a life: at once, or when the wait that an earlier supervisor began is over. */
  start(): void {
    if (this.phase === "stopped") this.#launch(false);
    else this.#planStart();
  }

  /** Takes up a process that an earlier supervisor started, as healthy as that one knew it. */
  adopt(identity: ProcessIdentity, incarnation: number, health: Health): void {
    const life = this.#options.body.adopt?.(identity);
    if (!life) return;
    this.#adopted = true;
    this.#record.assumeHealth(health);
    this.#record.step({ kind: "adopt", incarnation });
    this.#begin(life);
    this.#tellStarted();
    void this.#record.commit();
  }

  /** Takes in a death that happened while there was no supervisor. */
  missExit(): void {
    this.#exited({ kind: "unknown" });
  }

  /**
   * Takes it down, by force if it has to be, and starts it again. Whoever asks while that is under way
   * joins in.
   *
   * @throws {@link RestartFailedError} when it does not run afterwards.
   * @throws {@link StillAliveError} when it does not even end.
   */
  restart(why: string): Promise<void> {
    this.#lease ??= this.#restart(why).finally(() => {
      this.#lease = undefined;
    });
    return this.#lease;
  }

  /**
   * Ends it for good. What lies behind is forgotten: who starts it again begins afresh.
   *
   * @throws {@link StillAliveError} when it does not end.
   */
  async stop(graceMs: number): Promise<void> {
    const wasStopped = this.phase === "stopped";
    this.#record.isLeaving = true;
    await this.#takeDown(Math.min(graceMs, this.#graceMs()));
    this.#record.step({ kind: "pardon" });
    if (!wasStopped) this.#record.tell({ type: "component.stopped", component: this.name });
    await this.#record.commit();
  }

  /** Lets go of it as it is: its process lives on, and the next supervisor adopts it. */
  release(): void {
    this.#record.isLeaving = true;
    this.#forgetPlan();
    this.#life = undefined;
    this.vitals.end();
  }

  /** Reads what there is to measure, and brings health up to date. */
  sample(): ComponentSample {
    this.#options.body.tidy?.();
    this.vitals.read(this.#record.state.incarnation);
    this.#refresh();
    const { spec, vitals } = this;
    return {
      component: this.name,
      kind: spec.kind,
      phase: this.phase,
      atMs: this.#options.host.clock.epochMs(),
      silentMs: vitals.pulse.silentMs(),
      rssBytes: vitals.rssBytes,
      memoryLimitBytes: spec.kind === "process" ? (spec.memoryLimitBytes ?? null) : null,
    };
  }

  /** Somebody dials and says that he is this component; undefined when he is of another life. */
  answer(hello: HelloFrame, link: Link): LinkListener | undefined {
    if (!this.#life || hello.incarnation !== this.#record.state.incarnation) return undefined;
    const listener = this.vitals.welcome(hello, link);
    if (this.phase === "stopping") {
      link.send({ kind: "stop", deadlineMs: 0 });
    }
    return listener;
  }

  // --- a life, from its beginning to its end -----------------------------------------------------

  #launch(again: boolean): void {
    this.#record.step({ kind: "launch", again });
    void this.#bringUp(this.#record.commit());
  }

  /** The new number is on the disk before the process is there: so none is ever unknown. */
  async #bringUp(written: Promise<void>): Promise<void> {
    const { body, waitsFor, nextChange } = this.#options;
    const { incarnation } = this.#record.state;
    this.#forgetPlan();
    const isOverdue = (): boolean =>
      this.phase !== "starting" || this.#record.state.incarnation !== incarnation;
    await written;
    while (!isOverdue() && waitsFor() !== undefined) {
      this.#refresh();
      await nextChange();
    }
    if (isOverdue()) return;

    this.#adopted = false;
    const life = body.launch(incarnation, () => this.vitals.beat());
    this.#begin(life);
    if (life.identity) this.#tellStarted();
    void this.#record.commit();
    await life.started;
    if (this.#life === life) this.#ready();
  }

  #begin(life: Life): void {
    this.#life = life;
    this.#record.identity = life.identity ?? null;
    this.#record.startedAtMs = Math.floor(this.#options.host.clock.epochMs());
    this.vitals.begin(life);
    void life.exited.then((reason) => {
      if (this.#life === life) this.#exited(reason);
    });
  }

  #ready(): void {
    if (this.phase !== "starting") return;
    this.#record.step({ kind: "ready" });
    if (this.spec.kind === "kernel") this.#tellStarted();
    void this.#record.commit();
  }

  #exited(reason: ExitReason): void {
    const { host, body } = this.#options;
    const { phase: before, incarnation } = this.#record.state;
    const stderrTail = body.stderrTail();
    const exit: ExitView = { atMs: host.clock.epochMs(), reason, stderrTail };
    this.#endLife(exit);
    this.#record.step({ kind: "exit", reason, chance: host.random.next() }, (after) => ({
      type: "component.exited",
      component: this.name,
      incarnation,
      reason,
      expected: before === "stopping" || (after.phase === "stopped" && after.failure === null),
      stderrTail,
    }));
    const isWanted = before === "stopping" && !this.#record.isLeaving;
    if (isWanted || this.#startDueInMs() === 0) {
      this.#launch(true); // In the same commit as the exit.
      return;
    }
    this.#planStart();
    void this.#record.commit();
  }

  #endLife(exit: ExitView): void {
    this.#life = undefined;
    this.#record.identity = null;
    this.#record.startedAtMs = null;
    this.#record.lastExit = exit;
    this.vitals.history.exit(exit);
    this.vitals.end();
  }

  #tellStarted(): void {
    const { identity, state } = this.#record;
    this.#record.tell({
      type: "component.started",
      component: this.name,
      incarnation: state.incarnation,
      pid: identity?.pid ?? null,
      adopted: this.#adopted,
    });
  }

  #startDueInMs(): number | undefined {
    return startDueInMs(this.#record.state.restart, this.#options.host.clock.monotonicMs());
  }

  #planStart(): void {
    const { clock } = this.#options.host;
    const waitMs = this.#startDueInMs();
    this.#forgetPlan();
    if (waitMs === undefined) return;
    this.#nextStartAtMs = Math.ceil(clock.epochMs() + waitMs);
    this.#cancelStart = clock.after(waitMs, () => this.#launch(true));
  }

  #forgetPlan(): void {
    this.#cancelStart();
    this.#nextStartAtMs = null;
  }

  // --- taking it down ----------------------------------------------------------------------------

  async #restart(why: string): Promise<void> {
    this.vitals.history.ask({ atMs: this.#options.host.clock.epochMs(), why });
    await this.#takeDown(this.#graceMs());
    if (this.#record.isLeaving) throw new RestartFailedError(this.name, "is being stopped");
    if (this.phase === "stopped") this.#launch(true);
    const { incarnation } = this.#record.state;
    const tooLate = new RestartFailedError(
      this.name,
      `gave no sign of life within ${START_LIMIT_MS} ms`,
    );
    await this.#within(START_LIMIT_MS, tooLate, (limit) => this.#untilRuns(incarnation, limit));
  }

  async #untilRuns(incarnation: number, limit: AbortSignal): Promise<void> {
    const isOfThisLife = (): boolean => this.#record.state.incarnation === incarnation;
    while (this.phase !== "running" || !isOfThisLife()) {
      if (!isOfThisLife() || !isUp(this.phase)) {
        const reason = this.#record.lastExit?.reason ?? { kind: "unknown" };
        throw new RestartFailedError(this.name, describeExit(reason));
      }
      await orAborted(this.#options.nextChange(), limit);
    }
  }

  async #takeDown(graceMs: number): Promise<void> {
    const life = this.#life;
    this.#forgetPlan();
    this.#record.step({ kind: "halt" });
    if (!life) {
      // It was about to begin, and nothing has begun: there is no exit to wait for.
      this.#record.step({ kind: "exit", reason: { kind: "unknown" }, chance: 0 });
      void this.#record.commit();
      return;
    }
    void this.#record.commit();
    this.vitals.pulse.send({ kind: "stop", deadlineMs: Math.floor(graceMs * OWN_SHARE) });
    life.end(graceMs);
    const limitMs = graceMs + KILL_LIMIT_MS;
    const tooLate = new StillAliveError(this.name);
    await this.#within(limitMs, tooLate, (limit) => orAborted(life.exited, limit));
  }

  /** @throws `tooLate` when `work` takes longer than `limitMs`. */
  async #within<T>(
    limitMs: number,
    tooLate: Error,
    work: (limit: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = new AbortController();
    const cancel = this.#options.host.clock.after(limitMs, () => limit.abort(tooLate));
    try {
      return await work(limit.signal);
    } finally {
      cancel();
    }
  }

  /** Time to leave in order; one that does not hear us any more is not given much. */
  #graceMs(): number {
    const { heartbeatMs, shutdownMs } = this.#options;
    return this.vitals.isHung ? Math.min(heartbeatMs, shutdownMs) : shutdownMs;
  }

  #beaten(): void {
    if (this.#options.body.beats && this.phase === "starting") this.#ready();
    else this.#refresh();
  }

  #refresh(): void {
    this.#record.step({ kind: "calm" });
    void this.#record.commit();
  }
}

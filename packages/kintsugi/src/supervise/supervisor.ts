/** Keeps components alive: starts them in order, watches, restarts by rule, and stops in reverse order. */

import {
  type Cancel,
  type ErrorReporter,
  type Listener,
  notify,
  orAborted,
  reportError,
  wholeNumber,
} from "@kintsugi/policy/base";

import type { Host, SocketServer } from "../host/index.ts";
import type { Store } from "../store/index.ts";
import { sortLiving } from "./adoption.ts";
import { listenForComponents } from "./component-socket.ts";
import { FaultRefusedError, UnknownComponentError } from "./errors.ts";
import type { Fault } from "./frames/component-frames.ts";
import { healthy } from "./health-state.ts";
import { Journal } from "./journal.ts";
import { KernelBody } from "./kernel-body.ts";
import type { Body } from "./life.ts";
import { MARKER } from "./marker.ts";
import { Member } from "./member.ts";
import { ProcessBody, type SupervisorPaths } from "./process-body.ts";
import { diedUnseen, recall } from "./recall.ts";
import { restartLimits } from "./restart/restart-limits.ts";
import type { RestartLimits } from "./restart/restart-state.ts";
import { checkSpecs, dependentsOf } from "./start-order.ts";
import { endStrays, sweep } from "./strays.ts";
import { type ComponentRow, componentTable } from "./tables.ts";
import type { ComponentSample, ComponentSpec, Components, ComponentView } from "./types.ts";

export interface SupervisorOptions {
  readonly host: Host;
  /** Holds {@link componentTable}. */
  readonly store: Store;
  readonly paths: SupervisorPaths;
  readonly specs: readonly ComponentSpec[];
  /** Who is restarted when one dies: that one. @defaultValue "one-for-one" */
  readonly strategy?: "one-for-one";
  /** Time between two samples of each component. @defaultValue 1_000 */
  readonly sampleMs?: number;
  /** Allows faults on purpose, and tells the components so. @defaultValue false */
  readonly chaos?: boolean;
  /** Hears once that the store is lost: the program has to end, and to start again. */
  readonly onFatal: (error: Error) => void;
  /** Hears of what a listener throws. @defaultValue the platform's `reportError`, or a warning */
  readonly onListenerError?: ErrorReporter;
}

export interface Supervisor extends Components, AsyncDisposable {
  /**
   * Adopts what lives, then starts the rest. Resolves when all is under way; what a component waits for,
   * and a start that hangs, hold up nobody else.
   *
   * @throws what the host throws when the component socket cannot be listened on.
   */
  start(): Promise<void>;
  /**
   * Ends all, dependents first; whoever is left at the deadline is killed. Afterwards no process of a
   * component lives, and what is started again begins afresh.
   */
  stop(deadlineMs: number): Promise<void>;
  /** Ends the kernels and lets go of the processes: they live on, and the next supervisor adopts them. */
  leave(deadlineMs: number): Promise<void>;
  /** Sends a fault on purpose. @throws {@link FaultRefusedError} when it cannot arrive. */
  sendFault(name: string, fault: Fault): void;
}

/** A kernel that dies takes work along that its whole program shares: seed 004 gives it three tries. */
const KERNEL_INTENSITY = 3;

const DEFAULT_STOP_MS = 10_000;

/** More than this many listeners are a leak, not an audience. */
const MAX_LISTENERS = 1_000;

/** Rows of components that have been; more than anybody configures. */
const MAX_ROWS = 10_000;

/** @throws {@link ComponentSpecError} when the components cannot be supervised as they are written. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  return new OneForOne(options);
}

class OneForOne implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #sampleMs: number;
  readonly #journal: Journal;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<Listener<ComponentSample>>();
  #change = Promise.withResolvers<void>();
  #server: SocketServer | undefined;
  #cancelSample: Cancel = () => {};
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    checkSpecs(options.specs);
    const { store, host, onFatal } = options;
    this.#options = options;
    this.#sampleMs = wholeNumber("sampleMs", options.sampleMs ?? 1_000, 1);
    this.#journal = new Journal({ store, onFatal, clock: host.clock });
    for (const spec of options.specs) this.#members.set(spec.name, this.#member(spec, undefined));
  }

  list(): readonly ComponentView[] {
    return [...this.#members.values()].map((member) => member.view());
  }

  get(name: string): ComponentView | undefined {
    return this.#members.get(name)?.view();
  }

  async start(): Promise<void> {
    const { host, paths, store, specs } = this.#options;
    host.files.makeFolder(paths.logsDir, 0o700);
    const rows = await store.list(componentTable, { limit: MAX_ROWS });
    const recorded = new Map(rows.map((row) => [row.name, row]));
    for (const spec of specs) {
      this.#members.set(spec.name, this.#member(spec, recorded.get(spec.name)));
    }
    for (const { name } of rows) if (!this.#members.has(name)) void this.#journal.forget(name);

    const outdated = await this.#adopt(recorded);
    this.#server = await listenForComponents({
      sockets: host.sockets,
      clock: host.clock,
      path: paths.componentSocket,
      onHello: (hello, link) =>
        hello.instance === paths.instance
          ? this.#members.get(hello.component)?.answer(hello, link)
          : undefined,
    });
    this.#begin(recorded, outdated);
    this.#planSample();
  }

  async restart(name: string, why: string, signal?: AbortSignal): Promise<void> {
    const restarted = this.#find(name).restart(why);
    await (signal ? orAborted(restarted, signal) : restarted);
  }

  async evidence(name: string): Promise<Readonly<Record<string, unknown>>> {
    const member = this.#find(name);
    const { exits, hangs, rss, asked } = member.vitals.history;
    const { stderrTail = "" } = member.view().lastExit ?? {};
    return { component: member.view(), exits, stderrTail, hangs, rss, restartsAsked: asked };
  }

  onSample(listener: Listener<ComponentSample>): () => void {
    if (this.#listeners.size >= MAX_LISTENERS) {
      throw new RangeError(`A supervisor has at most ${MAX_LISTENERS} listeners`);
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  sendFault(name: string, fault: Fault): void {
    const { pulse } = this.#find(name).vitals;
    if (!this.#options.chaos) throw new FaultRefusedError(name, "chaos is switched off");
    if (pulse.send({ kind: "fault", ...fault })) return;
    throw new FaultRefusedError(name, "it is not connected to the component socket");
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  leave(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#leave(deadlineMs);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(DEFAULT_STOP_MS);
  }

  #find(name: string): Member {
    const member = this.#members.get(name);
    if (member) return member;
    throw new UnknownComponentError(name);
  }

  #member(spec: ComponentSpec, row: ComponentRow | undefined): Member {
    const { host } = this.#options;
    const heartbeatMs = wholeNumber("heartbeatMs", spec.heartbeatMs ?? 1_000, 1);
    const limits = limitsOf(spec);
    return new Member({
      host,
      journal: this.#journal,
      spec,
      body: this.#body(spec, heartbeatMs),
      rules: { mode: spec.restart?.restart ?? "permanent", limits },
      heartbeatMs,
      shutdownMs: wholeNumber("shutdownMs", spec.shutdownMs ?? 5_000, 0),
      state: recall(row, limits, host),
      lastExit: row?.lastExit ?? null,
      waitsFor: () => spec.dependsOn?.find((name) => this.#members.get(name)?.phase !== "running"),
      onChange: () => {
        const { resolve } = this.#change;
        this.#change = Promise.withResolvers();
        resolve();
      },
      nextChange: () => this.#change.promise,
    });
  }

  #body(spec: ComponentSpec, heartbeatMs: number): Body {
    const { host, paths, chaos = false } = this.#options;
    return spec.kind === "kernel"
      ? new KernelBody(host, spec)
      : new ProcessBody({ host, paths, spec, heartbeatMs, chaos });
  }

  /** Takes up the living and ends the strays. Returns those that run by another specification. */
  async #adopt(recorded: ReadonlyMap<string, ComponentRow>): Promise<readonly Member[]> {
    const { host, paths } = this.#options;
    const processes = this.#options.specs.filter(({ kind }) => kind === "process");
    const rows = new Map(processes.map(({ name }) => [name, recorded.get(name)]));
    const marked = host.processes.findMarked(MARKER.instance, paths.instance);
    const { adopted, strays } = sortLiving(rows, marked);
    const outdated: Member[] = [];
    for (const [name, { identity, incarnation }] of adopted) {
      const member = this.#find(name);
      const row = recorded.get(name);
      member.adopt(identity, incarnation, row?.health ?? healthy);
      if (row?.fingerprint !== member.fingerprint) outdated.push(member);
    }
    await endStrays(host, strays);
    return outdated;
  }

  #begin(recorded: ReadonlyMap<string, ComponentRow>, outdated: readonly Member[]): void {
    for (const member of this.#members.values()) {
      const isAdopted = member.view().adopted;
      if (isAdopted) continue;
      if (diedUnseen(recorded.get(member.name), this.#options.host)) member.missExit();
      else member.start();
    }
    for (const member of outdated) {
      // Where the new one does not come up, its own rule goes on with it.
      member.restart("it was started by another specification").catch(() => {});
    }
  }

  #planSample(): void {
    this.#cancelSample = this.#options.host.clock.after(this.#sampleMs, () => {
      this.#planSample();
      for (const member of this.#members.values()) this.#publish(member.sample());
    });
  }

  #publish(sample: ComponentSample): void {
    const { onListenerError = reportError } = this.#options;
    for (const listener of this.#listeners) notify(listener, sample, onListenerError);
  }

  async #leave(deadlineMs: number): Promise<void> {
    this.#cancelSample();
    const members = [...this.#members.values()];
    for (const member of members) if (member.spec.kind === "process") member.release();
    const kernels = members.filter(({ spec }) => spec.kind === "kernel");
    const ends = await Promise.allSettled(kernels.map((kernel) => kernel.stop(deadlineMs)));
    await this.#server?.close();
    this.#journal.close();
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { host, specs, paths } = this.#options;
    const untilMs = host.clock.monotonicMs() + deadlineMs;
    this.#cancelSample();
    const stopping = new Map<string, Promise<void>>();
    const stop = (name: string): Promise<void> => {
      const stopped = stopping.get(name) ?? stopAfterDependents(name);
      stopping.set(name, stopped);
      return stopped;
    };
    const stopAfterDependents = async (name: string): Promise<void> => {
      await Promise.allSettled(dependentsOf(name, specs).map(stop));
      await this.#find(name).stop(Math.max(0, untilMs - host.clock.monotonicMs()));
    };
    const ends = await Promise.allSettled(specs.map(({ name }) => stop(name)));
    await this.#server?.close();
    await sweep(host, paths.instance);
    this.#journal.close();
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  }
}

function limitsOf({
  kind,
  restart: { restart: _, ...numbers } = {},
}: ComponentSpec): RestartLimits {
  return kind === "kernel"
    ? restartLimits({ intensity: KERNEL_INTENSITY, ...numbers }, "give-up")
    : restartLimits(numbers, "retry");
}

/** The one machine of a simulated world: what all its programs share. */

import { type Random, seededRandom } from "@kintsugi/policy/base";

import type { ProcessIdentity, ProcessSpec } from "../../host/index.ts";
import { SimulatedDisk } from "./simulated-files.ts";
import { SimulatedLocks } from "./simulated-locks.ts";
import { type ProgramBody, SimulatedProcess, type Surroundings } from "./simulated-process.ts";
import { SimulatedNetwork } from "./simulated-sockets.ts";
import { SimulatedWeb } from "./simulated-web.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Which processes a program is the code of. */
export type ProgramMatch = (spec: ProcessSpec) => boolean;

const FIRST_PID = 1_000;

const MS_PER_TICK = 10;

export class Machine implements Surroundings {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: Random;
  readonly disk: SimulatedDisk = new SimulatedDisk();
  readonly network: SimulatedNetwork;
  readonly web: SimulatedWeb;
  readonly locks: SimulatedLocks = new SimulatedLocks();
  readonly #seed: string | number;
  readonly #running = new Map<number, SimulatedProcess>();
  #programs: readonly { readonly match: ProgramMatch; readonly body: ProgramBody }[] = [];
  #bootId: string;
  #lastTicks = 0;
  #randoms = 0;

  constructor(seed: string | number) {
    this.#seed = seed;
    this.random = seededRandom(seed);
    this.#bootId = this.random.uuid();
    this.network = new SimulatedNetwork(this.clock, this.random, this.disk);
    this.web = new SimulatedWeb(this.clock, this.random);
  }

  /** All living processes, oldest first. */
  get living(): readonly SimulatedProcess[] {
    return [...this.#running.values()];
  }

  newRandom(): Random {
    this.#randoms += 1;
    return seededRandom(`${this.#seed}/${this.#randoms}`);
  }

  between(min: number, max: number): number {
    return min + Math.floor(this.random.next() * (max - min + 1));
  }

  find({ pid, startTicks, bootId }: ProcessIdentity): SimulatedProcess | undefined {
    const found = this.#running.get(pid);
    if (found?.identity.startTicks !== startTicks || bootId !== this.#bootId) return undefined;
    return found;
  }

  addProgram(match: ProgramMatch, body: ProgramBody): void {
    this.#programs = [{ match, body }, ...this.#programs];
  }

  /** The newest program that fits is taken. */
  launch(spec: ProcessSpec, bootMs: number): SimulatedProcess | undefined {
    const program = this.#programs.find(({ match }) => match(spec));
    if (!program) return undefined;
    const process = this.newProcess(spec, true);
    this.clock.after(bootMs, () => process.start(program.body));
    return process;
  }

  /** With `crashes`, an error that nobody catches ends the process; without, it is the test's. */
  newProcess(spec: ProcessSpec, crashes: boolean): SimulatedProcess {
    const process = new SimulatedProcess(this, this.#newIdentity(), spec, crashes);
    const { pid } = process.identity;
    this.#running.set(pid, process);
    process.onEnd(() => this.#running.delete(pid));
    return process;
  }

  /** Everything dies at once, as when the power fails; what is on the disk stays. */
  reboot(): void {
    for (const process of this.living) process.kill("SIGKILL");
    this.#bootId = this.random.uuid();
  }

  /** The lowest free pid: numbers come round as soon as they can, so that a bare pid proves nothing. */
  #newIdentity(): ProcessIdentity {
    let pid = FIRST_PID;
    while (this.#running.has(pid)) pid += 1;
    const ticks = Math.floor(this.clock.monotonicMs() / MS_PER_TICK);
    this.#lastTicks = Math.max(this.#lastTicks + 1, ticks);
    return { pid, startTicks: String(this.#lastTicks), bootId: this.#bootId };
  }
}

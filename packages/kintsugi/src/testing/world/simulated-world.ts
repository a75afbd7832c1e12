/**
 * A machine in memory, on which whole programs run in their own time: clock, chance, processes,
 * sockets, files and HTTP. The same seed gives the same history, whatever else this computer does.
 */

import type { Cancel, Random } from "@kintsugi/policy/base";

import { type Host, type InstancePaths, type OwnerLock, pathsOf } from "../../host/index.ts";
import { Machine, type ProgramMatch } from "./machine.ts";
import type { ProgramBody, SimulatedProcess } from "./simulated-process.ts";
import type { Answer } from "./simulated-web.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface SimulatedWorldOptions {
  /** The same seed, the same history. */
  readonly seed: string | number;
}

export interface SimulatedHostOptions {
  /** The environment of the program, its markers among it. @defaultValue {} */
  readonly env?: Readonly<Record<string, string>>;
}

/** The machine in the hands of a program that the test itself runs. */
export interface SimulatedHost extends Host {
  /** The program behind this host, as the other programs see it. */
  readonly process: SimulatedProcess;
  /** As `kill -9`: nothing is ever delivered to the program again, and what it holds is let go. */
  kill(): void;
  /** Its loop stops turning: for `ms`, or until `resume`. */
  hang(ms?: number): void;
  resume(): void;
  /** Undefined when another living program has the lock. It is dropped when this one ends. */
  acquireOwnerLock(path: string): OwnerLock | undefined;
}

export interface SimulatedWorld {
  readonly clock: VirtualClock;
  /** Chance for the test itself: when to strike, and whom. */
  readonly random: Random;
  /** The living processes, oldest first; the programs that the test runs are among them. */
  readonly processes: readonly SimulatedProcess[];
  /**
   * Boots a program that the test runs by itself. An error in one of its timers or listeners is thrown
   * by `clock.run`.
   */
  host(options?: SimulatedHostOptions): SimulatedHost;
  /** What runs when `command` is spawned, or a spec that fits. The newest that fits is taken. */
  program(command: string | ProgramMatch, body: ProgramBody): void;
  /** Who answers requests whose address begins with `prefix`: a server that never dies. */
  route(prefix: string, answer: Answer): Cancel;
  /** The paths of a program in this world; their folders are made. */
  paths(dataDir: string): InstancePaths;
  /** What stands in a file. */
  readFile(path: string): string | undefined;
  /** The power fails: all processes die, and the boot id is another. The disk stays. */
  reboot(): void;
}

/**
 * @example
 * const world = simulatedWorld({ seed: 7 });
 * world.program("worker", (process) => process.onSignal("SIGTERM", () => process.exit(0)));
 * const host = world.host();
 * const runtime = await world.clock.until(createKintsugi({ host, config }));
 * await world.clock.run(24 * 3_600_000);
 */
export function simulatedWorld(options: SimulatedWorldOptions): SimulatedWorld {
  const machine = new Machine(options.seed);
  return {
    clock: machine.clock,
    random: machine.newRandom(),
    get processes() {
      return machine.living;
    },
    host: ({ env = {} } = {}) => hostOf(machine, env),
    program(command, body) {
      const match: ProgramMatch =
        typeof command === "string" ? (spec) => spec.command === command : command;
      machine.addProgram(match, body);
    },
    route: (prefix, answer) => machine.web.route(prefix, answer),
    paths(dataDir) {
      const paths = pathsOf(dataDir, `/run/kintsugi${dataDir.replaceAll("/", "-")}`);
      for (const folder of [paths.runDir, paths.logsDir, paths.hangsDir]) {
        machine.disk.makeFolder(folder);
      }
      return paths;
    },
    readFile: (path) => machine.disk.read(path),
    reboot: () => machine.reboot(),
  };
}

function hostOf(machine: Machine, env: Readonly<Record<string, string>>): SimulatedHost {
  const spec = {
    command: "test",
    args: [],
    cwd: "/",
    env,
    stdoutFile: "/tmp/test.out.log",
    stderrFile: "/tmp/test.err.log",
  };
  const process = machine.newProcess(spec, false);
  return {
    ...process.host,
    process,
    kill: () => void process.kill("SIGKILL"),
    hang: (ms) => process.hang(ms),
    resume: () => process.resume(),
    acquireOwnerLock: (path) => process.acquireOwnerLock(path),
  };
}

import { sleep, systemClock } from "@kintsugi/policy/base";
import { describe, expect, it, vi } from "vitest";

import type { ProcessHandle } from "../../host/index.ts";
import { type SimulatedHost, simulatedWorld } from "./simulated-world.ts";

const specOf = (command: string, env: Readonly<Record<string, string>> = {}) => ({
  command,
  args: ["--fast"],
  cwd: "/",
  env,
  stdoutFile: "/tmp/out.log",
  stderrFile: "/tmp/err.log",
});

const setup = (seed = 1) => {
  const world = simulatedWorld({ seed });
  const host = world.host();
  const spawn = (command: string, env?: Record<string, string>): ProcessHandle =>
    host.processes.spawn(specOf(command, env));
  const processOf = ({ identity }: ProcessHandle) => {
    const found = world.processes.find((process) => process.identity === identity);
    if (!found) throw new Error("No such process");
    return found;
  };
  return { world, host, spawn, processOf };
};

/** Something that takes the real world some turns of its own loop. */
const realTurns = async (turns: number): Promise<void> => {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => systemClock.immediate(resolve));
  }
};

describe("time in a simulated world", () => {
  it("passes without waiting, in order, with all promises followed to their ends", async () => {
    const { world, host } = setup();
    const seenMs: number[] = [];
    const live = async (): Promise<void> => {
      for (;;) {
        await sleep(host.clock, 3_600_000);
        for (let count = 0; count < 100; count += 1) await Promise.resolve();
        seenMs.push(host.clock.monotonicMs());
      }
    };
    void live();
    await world.clock.run(24 * 3_600_000);
    expect(seenMs).toHaveLength(24);
    expect(seenMs.at(-1)).toBe(24 * 3_600_000);
  });

  it("has a wall clock that jumps, and spans that do not", async () => {
    const { world, host } = setup();
    const startMs = host.clock.epochMs();
    await world.clock.run(1_000);
    world.clock.jump(-60_000);
    expect(host.clock.epochMs() - startMs).toBe(-59_000);
    expect(host.clock.monotonicMs()).toBe(1_000);
  });

  it("gives each program spans that begin with its birth", async () => {
    const { world } = setup();
    await world.clock.run(500);
    expect(world.host().clock.monotonicMs()).toBe(0);
  });

  it("stands still while something of the real world is awaited", async () => {
    const { world, host } = setup();
    const late = vi.fn();
    host.clock.after(10, () => {
      void world.clock.outside(realTurns(200)).then(() => late(host.clock.monotonicMs()));
    });
    await world.clock.run(5_000);
    expect(late).toHaveBeenCalledExactlyOnceWith(10);
  });

  it("says so when it goes in a circle", async () => {
    const { world, host } = setup();
    const again = (): void => host.clock.immediate(again);
    again();
    await expect(world.clock.run(1)).rejects.toThrow("does not get past 0 ms");
  });

  it("tells the test what a timer of its own program throws", async () => {
    const { world, host } = setup();
    host.clock.after(5, () => {
      throw new Error("bad timer");
    });
    await expect(world.clock.run(10)).rejects.toThrow("bad timer");
    expect(world.clock.monotonicMs()).toBe(5);
  });

  it("waits for a promise as long as it is told, and no longer", async () => {
    const { world, host } = setup();
    await world.clock.until(sleep(host.clock, 400), 500);
    expect(world.clock.monotonicMs()).toBe(400);
    await expect(world.clock.until(sleep(host.clock, 600), 500)).rejects.toThrow("Not settled");
  });
});

describe("a simulated process", () => {
  it("runs its program with what it was given, and tells its parent how it ended", async () => {
    const { world, spawn } = setup();
    const seen = vi.fn();
    world.program("worker", () => seen("an older one"));
    world.program("worker", (process) => {
      seen(process.args, process.env);
      process.writeStderr("oh no\n");
      process.host.clock.after(100, () => process.exit(3));
    });
    const child = spawn("worker", { COLOUR: "gold" });
    expect(await world.clock.until(child.exited)).toEqual({ kind: "exited", code: 3 });
    expect(seen.mock.calls).toEqual([[["--fast"], { COLOUR: "gold" }]]);
    expect(world.readFile("/tmp/err.log")).toBe("oh no\n");
  });

  it.each([
    { how: "at once", delayMs: 0 },
    { how: "in a timer", delayMs: 50 },
  ])("crashes with code 1 and a last word when it throws $how", async ({ delayMs }) => {
    const { world, spawn } = setup();
    world.program("worker", ({ host }) => {
      const fail = (): void => {
        throw new TypeError("no such thing");
      };
      if (delayMs === 0) fail();
      host.clock.after(delayMs, fail);
    });
    expect(await world.clock.until(spawn("worker").exited)).toEqual({ kind: "exited", code: 1 });
    expect(world.readFile("/tmp/err.log")).toBe("Uncaught TypeError: no such thing\n");
  });

  it("is not started when there is no such program, or no folder for its log", async () => {
    const { world, host, spawn } = setup();
    world.program("worker", () => {});
    const nobody = spawn("nobody");
    const mute = host.processes.spawn({ ...specOf("worker"), stderrFile: "/logs/err.log" });
    expect([nobody.identity, mute.identity]).toEqual([undefined, undefined]);
    expect(await world.clock.until(nobody.exited)).toMatchObject({
      message: 'The program "nobody" was not found',
    });
    expect(await world.clock.until(mute.exited)).toMatchObject({ kind: "spawn-failed" });
  });

  it("obeys SIGTERM in its own way, and SIGKILL in ours", async () => {
    const { world, host, spawn, processOf } = setup();
    world.program("polite", (process) => process.onSignal("SIGTERM", () => process.exit(0)));
    world.program("deaf", (process) => process.onSignal("SIGTERM", () => {}));
    world.program("plain", () => {});
    const children = ["polite", "deaf", "plain"].map((name) => spawn(name));
    await world.clock.run(100);
    for (const child of children) processOf(child).kill("SIGTERM");
    await world.clock.run(200);
    expect(world.processes.map(({ spec }) => spec.command)).toEqual(["test", "deaf"]);
    const deaf = children[1]?.identity;
    expect(deaf && host.processes.signal(deaf, "SIGKILL")).toBe(true);
    expect(deaf && host.processes.signal(deaf, "SIGKILL")).toBe(false);
    expect(await world.clock.until(Promise.all(children.map(({ exited }) => exited)))).toEqual([
      { kind: "exited", code: 0 },
      { kind: "signalled", signal: "SIGKILL" },
      { kind: "signalled", signal: "SIGTERM" },
    ]);
  });

  it("does nothing while it hangs, and makes up for it afterwards", async () => {
    const { world, spawn, processOf } = setup();
    const ticks: number[] = [];
    world.program("worker", ({ host }) => {
      const tick = (): void => {
        ticks.push(world.clock.monotonicMs());
        host.clock.after(1_000, tick);
      };
      host.clock.after(1_000, tick);
    });
    const child = spawn("worker");
    await world.clock.run(2_500);
    processOf(child).hang(10_000);
    await world.clock.run(12_400);
    expect(ticks).toHaveLength(2);
    await world.clock.run(13_000);
    expect(ticks).toHaveLength(3);
    expect(ticks[2]).toBe(12_500);
  });

  it("runs no timer that it cancels after its hang, though that came due in it", async () => {
    const { world, host } = setup();
    const fired = vi.fn();
    const cancel = host.clock.after(200, fired);
    host.clock.after(100, () => cancel());
    host.hang(500);
    host.hang(1_000);
    await world.clock.run(600);
    expect(fired).not.toHaveBeenCalled();
    await world.clock.run(2_000);
    expect(fired).not.toHaveBeenCalled();
    expect(host.clock.monotonicMs()).toBe(2_000);
  });

  it("hangs as long as the last word says", async () => {
    const { world, host } = setup();
    const ticks: number[] = [];
    for (const ms of [150, 350]) host.clock.after(ms, () => ticks.push(host.clock.monotonicMs()));
    host.hang(100);
    host.hang(300);
    await world.clock.run(1_000);
    expect(ticks).toEqual([300, 350]);
    host.hang(100);
    host.resume();
    host.hang();
    host.clock.after(500, () => ticks.push(host.clock.monotonicMs()));
    await world.clock.run(2_000);
    expect(ticks).toHaveLength(2);
  });

  it("leaks until it is told to stop", async () => {
    const { world, host, spawn, processOf } = setup();
    world.program("worker", (process) => {
      process.rssBytes = 100;
    });
    const child = spawn("worker");
    await world.clock.run(100);
    const rss = () => child.identity && host.processes.sample(child.identity)?.rssBytes;
    processOf(child).leak(10);
    await world.clock.run(5_100);
    expect(rss()).toBe(150);
    processOf(child).leak(0);
    await world.clock.run(9_000);
    expect(rss()).toBe(150);
  });

  it("has the pid of one that died, and is another all the same", async () => {
    const { world, host, spawn, processOf } = setup();
    world.program("worker", () => {});
    const first = spawn("worker");
    processOf(first).kill();
    const second = spawn("worker");
    expect(second.identity?.pid).toBe(first.identity?.pid);
    expect(first.identity && host.processes.isAlive(first.identity)).toBe(false);
    expect(first.identity && host.processes.signal(first.identity, "SIGKILL")).toBe(false);
    expect(second.identity && host.processes.isAlive(second.identity)).toBe(true);
  });
});

describe("a program that is killed", () => {
  const worker = (setUp: ReturnType<typeof setup>, env: Record<string, string>) => {
    setUp.world.program("worker", () => {});
    return setUp.spawn("worker", env);
  };

  it("never hears of anything again: timers, children, sockets, answers", async () => {
    const { world, host, spawn, processOf } = setup();
    world.paths("/data");
    world.program("worker", () => {});
    world.route("http://model/", () => new Response("late"));
    const heard = vi.fn();
    const child = spawn("worker");
    const other = world.host();
    await world.clock.until(host.sockets.listen("/data/a.sock", heard));
    host.clock.after(10, heard);
    host.clock.immediate(heard);
    void child.exited.then(heard);
    void host.fetch("http://model/").then(heard, heard);
    const dial = other.sockets.connect("/data/a.sock");
    host.kill();
    processOf(child).kill();
    await expect(world.clock.until(dial)).rejects.toThrow("Nobody listens");
    await world.clock.run(10_000);
    expect(heard).not.toHaveBeenCalled();
  });

  it("changes nothing more in the world", async () => {
    const { world, host, spawn } = setup();
    world.program("worker", () => {});
    host.files.append("/tmp/log", "before\n");
    host.kill();
    host.files.append("/tmp/log", "after\n");
    expect(spawn("worker").identity).toBeUndefined();
    expect(host.processes.signal(world.host().processes.self, "SIGKILL")).toBe(false);
    expect(world.readFile("/tmp/log")).toBe("before\n");
    expect(world.processes).toHaveLength(1);
  });

  it("leaves its children and files to the next one, which finds and adopts them", async () => {
    const setUp = setup();
    const { world, host, processOf } = setUp;
    const child = worker(setUp, { MARK: "us" });
    worker(setUp, { MARK: "them" });
    host.files.writeAtomic("/tmp/state", "7");
    host.kill();
    const next = world.host();
    expect(next.files.read("/tmp/state")).toBe("7");
    const found = next.processes.findMarked("MARK", "us");
    expect(found.map(({ identity }) => identity)).toEqual([child.identity]);
    const adopted = next.processes.adopt(found[0]?.identity ?? next.processes.self);
    const diedAtMs = world.clock.monotonicMs();
    processOf(child).kill();
    expect(await world.clock.until(adopted.exited)).toEqual({ kind: "unknown" });
    expect(world.clock.monotonicMs() - diedAtMs).toBeLessThanOrEqual(250);
  });

  it("lets go of its lock", () => {
    const { world, host } = setup();
    const next = world.host();
    expect(host.acquireOwnerLock("/data/lock")).toBeDefined();
    expect(next.acquireOwnerLock("/data/lock")).toBeUndefined();
    host.kill();
    const held = next.acquireOwnerLock("/data/lock");
    expect(held).toBeDefined();
    held?.release();
    expect(world.host().acquireOwnerLock("/data/lock")).toBeDefined();
  });
});

it("loses all that lives, and nothing that is written, when the power fails", async () => {
  const { world, host, spawn } = setup();
  world.program("worker", () => {});
  const child = spawn("worker");
  host.files.append("/tmp/log", "kept");
  world.reboot();
  expect(world.processes).toEqual([]);
  const next = world.host();
  expect(next.files.read("/tmp/log")).toBe("kept");
  expect(next.processes.self.bootId).not.toBe(host.processes.self.bootId);
  expect(child.identity && next.processes.isAlive(child.identity)).toBe(false);
});

describe("two histories", () => {
  /** A day with chance in it: workers that come and go, talk, ask the web and are killed. */
  const history = async (seed: number): Promise<string> => {
    const { world, host } = setup(seed);
    world.paths("/data");
    const log = (line: string): void =>
      host.files.append("/tmp/history", `${world.clock.monotonicMs()} ${line}\n`);
    world.route("http://model/", async (request) => Response.json({ asked: await request.text() }));
    world.program("worker", (process) => chat(process.host));
    await world.clock.until(
      host.sockets.listen("/data/a.sock", (connection) => {
        connection.onData((text) => log(text));
        connection.onClose(() => log("closed"));
      }),
    );
    const strike = (): void => {
      const [, victim] = world.processes;
      if (victim && world.random.next() < 0.5) victim.kill();
      else host.processes.spawn(specOf("worker"));
      host.clock.after(world.random.next() * 60_000, strike);
    };
    strike();
    await world.clock.run(1_200_000);
    return world.readFile("/tmp/history") ?? "";
  };
  const chat = async (host: SimulatedHost["process"]["host"]): Promise<void> => {
    const connection = await host.sockets.connect("/data/a.sock");
    for (;;) {
      const response = await host.fetch("http://model/", { method: "POST", body: "hello" });
      connection.write(`${host.random.uuid()} ${await response.text()}`);
      await sleep(host.clock, 1_000 + host.random.next() * 5_000);
    }
  };

  it("are the same to the byte with one seed, and differ with another", async () => {
    const first = await history(7);
    expect(first.split("\n").length).toBeGreaterThan(100);
    expect(await history(7)).toBe(first);
    expect(await history(8)).not.toBe(first);
  });
});

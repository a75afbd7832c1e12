import { createCallRegistry } from "@kintsugi/policy";
import { describe, expect, it } from "vitest";

import { defaultConfig } from "../config/index.ts";
import type { Host } from "../host/index.ts";
import { memoryDisk, memoryStore, StoreFailedError } from "../store/index.ts";
import { simulatedWorld } from "../testing/index.ts";
import { createWithParts } from "./create-kintsugi.ts";
import type { Boot } from "./parts.ts";
import { allTables } from "./system.ts";

const setup = () => {
  const world = simulatedWorld({ seed: 1 });
  const { clock } = world;
  world.program("plain", (process) => process.onSignal("SIGTERM", () => process.exit(0)));
  const disk = memoryDisk();
  const errors: unknown[] = [];
  const fatal: unknown[] = [];
  let isClosed = false;
  const components = { web: { kind: "process", command: "plain" } } as const;
  const config = defaultConfig({ name: "stop", dataDir: "/data", components }, "/");
  const start = (change: (host: Host) => Host = (host) => host, boot?: Boot) => {
    const host = change(world.host({ env: { PATH: "/bin" } }));
    const calls = createCallRegistry();
    calls.use({ clock: host.clock, random: host.random });
    const store = memoryStore({ clock: host.clock, tables: allTables, disk });
    const close = async (): Promise<void> => {
      isClosed = true;
      await store.close();
    };
    return createWithParts(
      {
        config,
        calls,
        system: { host, store, paths: world.paths("/data"), close },
        onFatal: (error) => fatal.push(error),
        onListenerError: (error) => errors.push(error),
      },
      boot,
    );
  };
  return {
    ...{ world, clock, disk, errors, fatal, start },
    isClosed: () => isClosed,
    pass: (ms: number) => clock.run(clock.monotonicMs() + ms),
    living: () => world.processes.filter(({ env }) => env["KINTSUGI_COMPONENT"]).length,
  };
};

/** The watchdog's events cannot be read: that comes after the components are up. */
const unreadable =
  (thrown: Error) =>
  (host: Host): Host => ({
    ...host,
    files: new Proxy(host.files, {
      get(files, key) {
        const own = files[key as keyof typeof files];
        if (typeof own !== "function") return own;
        return (path: string, ...rest: never[]) => {
          if (String(path).includes("watchdog")) throw thrown;
          return (own as (...all: unknown[]) => unknown).call(files, path, ...rest);
        };
      },
    }),
  });

describe("the end of a runtime on a full disk", () => {
  it("comes, and no component lives on", async () => {
    const { clock, disk, start, living, pass, isClosed, fatal } = setup();
    const { kintsugi } = await clock.until(start());
    await pass(5_000);
    expect(living()).toBe(1);
    disk.condition = "full";
    // It waits for a disk that stays full; what becomes of it is not this test's matter.
    kintsugi.events.publish("disk.filled", {}).catch(() => {});
    await pass(1_000);
    await clock.until(kintsugi.stop());
    expect([living(), isClosed(), fatal.length]).toEqual([0, true, 0]);
  });

  it("does not wait for what the healer cannot write", async () => {
    const { world, clock, disk, start, living, pass, isClosed, errors } = setup();
    const { kintsugi, parts } = await clock.until(start());
    await pass(5_000);
    disk.condition = "full";
    const death = {
      kind: "crashed",
      atMs: 1,
      sourceId: "x",
      detail: "",
      restartedAtMs: 2,
    } as const;
    void parts.healer.runtimeDied(death);
    await pass(1_000);
    const before = world.clock.monotonicMs();
    await clock.until(kintsugi.stop());
    expect([living(), isClosed()]).toEqual([0, true]);
    expect(world.clock.monotonicMs() - before).toBeLessThan(10_000);
    expect(String(errors[0])).toContain("The disk is full: the healer is left as it is");
  });
});

describe("an end in which a part throws", () => {
  it("goes on with the others, and reports it", async () => {
    const { clock, start, living, pass, isClosed, errors } = setup();
    const { kintsugi, parts } = await clock.until(start());
    await pass(1_000);
    const bad = new Error("no end");
    parts.engine.stop = () => Promise.reject(bad);
    await clock.until(kintsugi.stop());
    expect([living(), isClosed(), errors]).toEqual([0, true, [bad]]);
  });
});

describe("a start that fails after the components have started", () => {
  it("leaves none of them behind", async () => {
    const { clock, start, living, isClosed } = setup();
    const thrown = new Error("cannot be read");
    await expect(clock.until(start(unreadable(thrown)))).rejects.toBe(thrown);
    expect([living(), isClosed()]).toEqual([0, true]);
  });

  it("leaves them to the next runtime where it is the store that failed", async () => {
    const { clock, start, living, pass } = setup();
    const thrown = new StoreFailedError("kintsugi.db", new Error("EIO"));
    await expect(clock.until(start(unreadable(thrown)))).rejects.toBe(thrown);
    await pass(1_000);
    expect(living()).toBe(1);
  });
});

describe("a start that is given up", () => {
  it("ends, though a full disk keeps it waiting", async () => {
    const { disk, start, living, pass, isClosed } = setup();
    disk.condition = "full";
    const leaving = new AbortController();
    const started = start(undefined, { signal: leaving.signal, leaves: () => false });
    const why = new Error("enough");
    const refused = expect(started).rejects.toBe(why);
    await pass(1_000);
    leaving.abort(why);
    await pass(20_000);
    await refused;
    expect([living(), isClosed()]).toEqual([0, true]);
  });
});

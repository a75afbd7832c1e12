import { createCallRegistry } from "@kintsugi/policy";
import { describe, expect, it } from "vitest";

import { defaultConfig } from "../config/index.ts";
import { memoryDisk, memoryStore } from "../store/index.ts";
import { simulatedWorld } from "../testing/index.ts";
import { createWithParts } from "./create-kintsugi.ts";
import { serverView } from "./server-view.ts";
import { allTables } from "./system.ts";

const setup = async (prometheus = true) => {
  const world = simulatedWorld({ seed: 1 });
  const { clock } = world;
  world.program("plain", (process) => process.onSignal("SIGTERM", () => process.exit(0)));
  const disk = memoryDisk();
  const paths = world.paths("/data");
  const components = { web: { kind: "process", command: "plain" } } as const;
  const config = defaultConfig(
    { name: "figures", dataDir: "/data", components, metrics: { prometheus } },
    "/",
  );
  const start = async () => {
    const host = world.host({ env: { PATH: "/bin" } });
    const calls = createCallRegistry();
    calls.use({ clock: host.clock, random: host.random });
    const store = memoryStore({ clock: host.clock, tables: allTables, disk });
    const system = { host, store, paths, close: () => store.close() };
    const made = await clock.until(createWithParts({ config, calls, system }));
    const view = serverView(made.kintsugi, made.parts);
    const lines = async (name: string): Promise<readonly string[]> => {
      const text = (await clock.until(view.metrics())) ?? "";
      return text.split("\n").filter((line) => line.startsWith(name));
    };
    return { ...made, host, calls, view, lines };
  };
  return {
    ...{ clock, paths, start, watchdog: world.host() },
    first: await start(),
    pass: (ms: number) => clock.run(clock.monotonicMs() + ms),
    web: () => world.processes.find(({ env }) => env["KINTSUGI_COMPONENT"] === "web"),
  };
};

describe("the figures of a runtime", () => {
  it("are counted from the first fact of each life, and the store's go on", async () => {
    const { first, start, pass, web, clock, paths, watchdog } = await setup();
    await pass(2_000);
    web()?.kill();
    await pass(10_000);
    const crash = '{component="web",class="crash",severity="high",trigger="none"} 1';
    expect(await first.lines("kintsugi_incidents_total")).toEqual([
      `kintsugi_incidents_total${crash}`,
    ]);
    first.host.kill();
    const death = {
      ...{ id: "a", atMs: clock.epochMs(), type: "runtime.crashed" },
      payload: { detail: "it was killed" },
    };
    watchdog.files.append(paths.watchdogEvents, `${JSON.stringify(death)}\n`);
    const second = await start();
    // The incident of that death is opened before the start is over; that of web is of another life.
    expect(await second.lines("kintsugi_incidents_total")).toEqual([
      'kintsugi_incidents_total{component="runtime",class="runtime-crash",severity="critical",trigger="none"} 1',
    ]);
    expect(await second.lines("kintsugi_component_restarts_total")).toEqual([
      'kintsugi_component_restarts_total{component="web"} 1',
    ]);
  });

  it("are not shown where the configuration says so; the last minutes are", async () => {
    const { first, clock } = await setup(false);
    await clock.until(first.calls.executor("api").execute(() => "pong"));
    expect(await first.view.metrics()).toBeUndefined();
    expect(first.view.series().calls).toContain(1);
  });

  it("take nothing from the retries for calls that were refused", async () => {
    const { first, clock } = await setup();
    const { calls, view, lines } = first;
    calls.configure("db", { retry: { maxAttempts: 2 }, circuitBreaker: { failureThreshold: 2 } });
    const down = (): never => {
      throw Object.assign(new Error("down"), { code: "ECONNRESET" });
    };
    for (let count = 0; count < 5; count += 1) {
      await clock.until(calls.executor("db").execute(down));
    }
    const { calls: views } = await clock.until(view.status());
    expect(views.find(({ name }) => name === "db")).toMatchObject({ failed: 5, retried: 1 });
    expect(await lines("kintsugi_retries_total")).toEqual([
      'kintsugi_retries_total{policy="db"} 1',
    ]);
  });
});

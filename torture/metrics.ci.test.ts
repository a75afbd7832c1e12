import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

import { asked, currentClient } from "../examples/digest/src/follow.ts";
import { errands } from "./errands.ts";
import { findMarked, killNow } from "./processes.ts";
import { instanceOf, kintsugi } from "./program.ts";

const PATIENCE_MS = 60_000;

/** A program with a component to kill and calls to fail. */
async function setup() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-metrics-")));
  const dataDir = join(folder, "data");
  const module = fileURLToPath(new URL("./errands.ts", import.meta.url));
  writeFileSync(
    join(folder, "kintsugi.yaml"),
    `name: metrics
dataDir: ${dataDir}
server: { port: 0 }
runtime: { modules: ["${module}"] }
components:
  sleeper: { kind: process, command: sleep, args: ["600"] }
calls:
  shop: { retry: { maxAttempts: 2, initialDelay: 1ms }, circuitBreaker: { failureThreshold: 6 } }
triggers:
  shop-failing: { type: error-burst, above: 3, window: 10s, ratio: 0.1, playbook: run_diagnostics }
`,
  );
  const marked = (role: string, component?: string) =>
    findMarked(instanceOf(dataDir)).find(
      (each) => each.role === role && each.component === component,
    );
  onTestFinished(async () => {
    await kintsugi(["down"], folder);
    for (const each of findMarked(instanceOf(dataDir))) killNow(each);
    rmSync(folder, { recursive: true, force: true });
  });
  expect(await kintsugi(["up", "-d"], folder)).toMatchObject({ code: 0, stderr: "" });
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const scrape = (): Promise<string> =>
    asked(
      dataDir,
      async ({ url }) => {
        const response = await fetch(`${url}/metrics`);
        expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
        return response.text();
      },
      patience,
    );
  return {
    ...{ folder, scrape },
    url: () => asked(dataDir, async ({ url }) => url, patience),
    ask: () => currentClient(dataDir),
    kill: (role: string, component?: string) => {
      const found = marked(role, component);
      if (found) killNow(found);
      return found !== undefined;
    },
    run: (input: object) =>
      asked(dataDir, (client) => client.startRun(errands.name, input), patience),
    /** Scrapes until there is a line that begins so. */
    line: (start: string) =>
      eventually(async () => (await scrape()).split("\n").find((each) => each.startsWith(start))),
  };
}

/** What `look` finds, within a minute. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (signal.aborted) throw new Error(`Nothing came of ${look}`);
    await sleep(200);
  }
}

describe("a program that made calls, did runs and was healed", () => {
  it("shows figures without fault, and the same incidents as its API", async () => {
    const { run, kill, line, scrape, ask } = await setup();
    await run({ well: 20, failing: 8 });
    kill("component", "sleeper");
    await line('kintsugi_recovery_duration_seconds_count{playbook="none",outcome="resolved"} 1');
    await line('kintsugi_playbook_runs_total{playbook="run_diagnostics",outcome="succeeded"} 1');
    await line('kintsugi_workflow_runs_total{workflow="errands",outcome="completed"} 1');
    const text = await scrape();
    // It throws when promtool ends with a code, as it does for each thing that it would have otherwise.
    expect(execFileSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" })).toBe(
      "",
    );
    const counted = text.split("\n").flatMap((each) => {
      const [, component, kind] =
        /^kintsugi_incidents_total\{component="(.*)",class="(.*)",severity=.*\} 1$/.exec(each) ??
        [];
      return component === undefined ? [] : [`${component} ${kind}`];
    });
    const known = (await ask()?.incidents())?.map((each) => `${each.component} ${each.class}`);
    expect(counted.toSorted()).toEqual(known?.toSorted());
    expect(counted).toHaveLength(2);
    const lines = text.split("\n");
    expect(lines).toContain('kintsugi_calls_total{policy="shop",outcome="success"} 20');
    expect(lines).toContain('kintsugi_breaker_transitions_total{policy="shop",to="open"} 1');
    expect(lines).toContain('kintsugi_steps_total{workflow="errands",outcome="success"} 28');
    expect(lines).toContain('kintsugi_component_restarts_total{component="sleeper"} 1');
    expect(text).not.toMatch(/closed"\\n|inc-|errand \d/);
  });

  it("counts its own death, which its next life opens an incident for", async () => {
    const { run, kill, line } = await setup();
    await run({ well: 1, failing: 0 });
    await line('kintsugi_calls_total{policy="shop",outcome="success"} 1');
    expect(kill("runtime")).toBe(true);
    await line(
      'kintsugi_incidents_total{component="runtime",class="runtime-crash",severity="critical",trigger="none"} 1',
    );
  });
});

describe("a Prometheus that scrapes the program", () => {
  it("finds it up, and its incidents", async () => {
    const { folder, url, kill } = await setup();
    const target = new URL(await url()).host;
    const query = await startPrometheus(folder, target);
    expect(await eventually(() => query("up", 1))).toMatchObject({ instance: target });
    kill("component", "sleeper");
    const found = await eventually(() => query("kintsugi_incidents_total", 1));
    expect(found).toMatchObject({ component: "sleeper", class: "crash", trigger: "none" });
    // An end must be seen as a zero: a series that is gone tells nobody that all is well.
    expect(
      await eventually(() => query('kintsugi_incidents_open{component="sleeper"}', 0)),
    ).toEqual(expect.objectContaining({ class: "crash" }));
  });
});

/** Labels of the only series of an expression, once it has that value. */
type Ask = (expression: string, value: number) => Promise<Record<string, string> | undefined>;

async function startPrometheus(folder: string, target: string): Promise<Ask> {
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(folder, "prometheus.yml");
  writeFileSync(
    file,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - { job_name: kintsugi, static_configs: [{ targets: ["${target}"] }] }
`,
  );
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "prometheus")}`,
      `--web.listen-address=${address}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = once(prometheus, "exit");
  onTestFinished(async () => {
    prometheus.kill("SIGTERM");
    await ended;
  });
  return async (expression, value) => {
    const response = await fetch(
      `http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`,
    );
    const { data } = (await response.json()) as {
      readonly data: {
        readonly result: readonly {
          readonly metric: Record<string, string>;
          readonly value: readonly [number, string];
        }[];
      };
    };
    const [only, second] = data.result;
    return only && !second && Number(only.value[1]) === value ? only.metric : undefined;
  };
}

/** Prometheus does not say which port it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("No port was given");
  return address.port;
}

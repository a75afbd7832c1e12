import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printFaults } from "./faults.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";

const load = (text: string | undefined, env: Record<string, string> = {}): LoadedConfig =>
  loadConfig("/app/kintsugi.yaml", {
    env,
    files: { read: () => text, sizeBytes: () => text?.length ?? 0 },
  });

/** The faults as printed, a line each, without the name of the file. */
const faultsOf = (text: string, env?: Record<string, string>): readonly string[] => {
  const loaded = load(text, env);
  return loaded.ok
    ? []
    : printFaults(loaded.faults).replaceAll("/app/kintsugi.yaml:", "").split("\n");
};

const configOf = (text: string, env?: Record<string, string>) => {
  const loaded = load(text, env);
  if (!loaded.ok) throw new Error(printFaults(loaded.faults));
  return loaded.config;
};

describe("an empty file", () => {
  it("gives a program with all defaults, named after its folder", () => {
    expect(configOf("")).toEqual({
      name: "app",
      file: "/app/kintsugi.yaml",
      dataDir: "/app/.kintsugi",
      server: { host: "127.0.0.1", port: 4_600, allowedHosts: [] },
      runtime: { modules: [] },
      supervisor: { strategy: "one-for-one", intensity: 3, periodMs: 60_000 },
      components: {},
      workflows: {
        engine: "embedded",
        durability: "power",
        queues: {},
        schedules: [],
        retentionMs: 2_592_000_000,
        deadLetterRetentionMs: 7_776_000_000,
      },
      calls: {},
      healing: { enabled: true, dryRun: false, actionsPerHour: 60 },
      triggers: {},
      watchdog: { hangMs: 10_000, restart: { initialMs: 100, maxMs: 30_000 } },
      metrics: { prometheus: true },
      chaos: { enabled: false, plan: [] },
    });
  });
});

describe("a component", () => {
  it("of kind process gets units, absolute paths and texts", () => {
    const { components } = configOf(`components:
  web:
    kind: process
    command: ./bin/serve
    args: [--port, 80, true]
    env: { PORT: 80, DEBUG: false }
    limits: { memory: 150MB }
    shutdown: 2s`);
    expect(components["web"]).toEqual({
      kind: "process",
      command: "/app/bin/serve",
      args: ["--port", "80", "true"],
      cwd: "/app",
      env: { PORT: "80", DEBUG: "false" },
      restart: "permanent",
      dependsOn: [],
      beats: false,
      heartbeatMs: 1_000,
      shutdownMs: 2_000,
      memoryLimitBytes: 150 * 2 ** 20,
    });
  });

  it("rounds its spans to whole milliseconds", () => {
    const { supervisor } = configOf("supervisor: { period: 0.0016s }");
    expect(supervisor.periodMs).toBe(2);
  });

  it("of kind process beats when it says how often", () => {
    const { components } = configOf(
      "components: { a: { kind: process, command: node, heartbeat: 250 } }",
    );
    expect(components["a"]).toMatchObject({ command: "node", beats: true, heartbeatMs: 250 });
  });

  it("of kind kernel is a module", () => {
    const { components } = configOf("components: { a: { kind: kernel, module: ../k.ts } }");
    expect(components["a"]).toEqual({
      kind: "kernel",
      module: "/k.ts",
      restart: "permanent",
      dependsOn: [],
      heartbeatMs: 1_000,
      shutdownMs: 5_000,
    });
  });
});

describe("a trigger", () => {
  it.each([
    [
      "{ type: heartbeat-failure, above: 5s, for: 1s, keepFor: 2, cooldown: 1m, severity: low, playbook: p }",
      {
        type: "heartbeat-failure",
        aboveMs: 5_000,
        forMs: 1_000,
        keepForMs: 2,
        cooldownMs: 60_000,
        severity: "low",
      },
    ],
    [
      "{ type: resource-spike, above: 1KB, clear: 512, playbook: p }",
      { type: "resource-spike", metric: "rssBytes", aboveBytes: 1_024, clearBytes: 512 },
    ],
    [
      "{ type: resource-spike, aboveRatio: 0.9, clearRatio: 0.8, playbook: p }",
      { type: "resource-spike", metric: "rssBytes", aboveRatio: 0.9, clearRatio: 0.8 },
    ],
    [
      "{ type: error-burst, above: 50, clear: 5, window: 10s, ratio: 0.5, playbook: p }",
      { type: "error-burst", above: 50, clear: 5, windowMs: 10_000, ratio: 0.5 },
    ],
  ])("%s is a spec", (written, spec) => {
    expect(configOf(`triggers: { t: ${written} }`).triggers).toEqual({
      t: { ...spec, name: "t", playbook: "p" },
    });
  });
});

describe("a plan of faults", () => {
  it.each([
    ["kill: runtime", { kind: "kill", target: "runtime" }],
    ["hang: a, for: 60s", { kind: "hang", target: "a", ms: 60_000 }],
    ["leak: a, perSecond: 60MB", { kind: "leak", target: "a", bytesPerSecond: 60 * 2 ** 20 }],
    ["kill: a", { kind: "kill", target: "a" }],
    ["crash: a", { kind: "crash", target: "a" }],
    ["failCalls: a, rate: 0.18", { kind: "fail-calls", target: "a", rate: 0.18 }],
  ])("knows %s", (written, fault) => {
    const text = `components: { a: { kind: process, command: c } }
chaos: { plan: [{ name: f, at: { after: 5s }, ${written} }] }`;
    expect(configOf(text).chaos.plan).toEqual([
      { name: "f", at: { kind: "after", ms: 5_000 }, fault },
    ]);
  });

  it("waits for the progress of a run", () => {
    const text = "chaos: { plan: [{ name: f, at: { run: digest, done: 30 }, kill: runtime }] }";
    expect(configOf(text).chaos.plan[0]?.at).toEqual({ kind: "progress", run: "digest", done: 30 });
  });
});

describe("the environment", () => {
  it("stands above the file, and the origins say so", () => {
    const env = {
      KINTSUGI_SERVER_PORT: "0",
      KINTSUGI_DATA_DIR: "/var/lib/app",
      KINTSUGI_HEALING_DRY_RUN: "TRUE",
      KINTSUGI_WATCHDOG_RESTART_MAX: "1m",
      KINTSUGI_SERVER_HOST: "",
    };
    const loaded = load("server: { port: 5, host: localhost }", env);
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        dataDir: "/var/lib/app",
        server: { host: "localhost", port: 0 },
        healing: { dryRun: true },
        watchdog: { restart: { initialMs: 100, maxMs: 60_000 } },
      },
      origins: {
        "server.port": "KINTSUGI_SERVER_PORT",
        "server.host": "/app/kintsugi.yaml:1:26",
        "watchdog.hang": "default",
      },
    });
  });

  it("is named where it is wrong, after the faults of the file", () => {
    const env = { KINTSUGI_SERVER_PORT: "http", KINTSUGI_CHAOS_ENABLED: "1" };
    expect(faultsOf("nmae: x\nserver: { port: 5 }", env)).toEqual([
      '1:1: unknown key "nmae" at the top; did you mean "name"?',
      'KINTSUGI_SERVER_PORT: server.port is "http"; expected a whole number from 0 to 65535',
      'KINTSUGI_CHAOS_ENABLED: chaos.enabled is "1"; expected true or false',
    ]);
  });

  it("makes no key of the language out of one in the file", () => {
    expect(faultsOf("__proto__: { x: 1 }", { KINTSUGI_NAME: "a" })).toEqual([
      expect.stringMatching(/^1:1: unknown key "__proto__" at the top;/),
    ]);
  });

  it("does not hide a wrong section behind a value", () => {
    expect(faultsOf("server: 5", { KINTSUGI_SERVER_PORT: "80" })).toEqual([
      "1:9: server is 5; expected a map with the keys host, port, allowedHosts",
    ]);
  });
});

describe("a file that cannot be read", () => {
  it("is named in one sentence", () => {
    const print = (loaded: LoadedConfig) => (loaded.ok ? "" : printFaults(loaded.faults));
    expect(print(load(undefined))).toBe(
      "/app/kintsugi.yaml: there is no such file; expected the configuration of the program",
    );
    const denied = (): never => {
      throw new Error("EACCES: permission denied");
    };
    const files = { read: denied, sizeBytes: () => 0 };
    expect(print(loadConfig("k.yaml", { env: {}, files }))).toBe(
      "k.yaml: the file cannot be read (EACCES: permission denied); expected a text file",
    );
    const huge = { read: denied, sizeBytes: () => 2 ** 20 + 1 };
    expect(print(loadConfig("k.yaml", { env: {}, files: huge }))).toBe(
      "k.yaml: the file is larger than 1 MiB; expected a configuration written by hand",
    );
  });
});

describe("any text and any environment", () => {
  const goodText = `name: app
server: { host: localhost, port: 8080 }
components:
  web: { kind: process, command: node, args: [a.js], limits: { memory: 150MB } } # a comment
  memory: { kind: kernel, module: ./m.ts, dependsOn: [web], heartbeat: 1s }
triggers: { t: { type: resource-spike, aboveRatio: 0.9, component: web, playbook: p } }
chaos: { plan: [{ name: f, at: { after: 5s }, kill: web }] }
`;
  const word = fc.constantFrom(
    ..."name server port components web kind process kernel command module triggers type chaos plan at".split(
      " ",
    ),
    ..."after kill runtime dependsOn limits memory calls retry __proto__ constructor 5s 150MB -1 .nan".split(
      " ",
    ),
  );
  const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(word, tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  /** A good file with a piece of it cut out, and perhaps a word put in its place. */
  const scratched = fc
    .tuple(fc.nat(goodText.length), fc.nat(6), fc.oneof(fc.constant(""), word))
    .map(([at, cut, put]) => goodText.slice(0, at) + put + goodText.slice(at + cut));
  const text = fc.oneof(
    scratched,
    tree.map((value) => JSON.stringify(value)),
    fc.string({ unit: "binary" }),
  );
  const variables = fc.dictionary(
    fc.constantFrom("KINTSUGI_NAME", "KINTSUGI_SERVER_PORT", "KINTSUGI_SUPERVISOR_PERIOD"),
    fc.oneof(word, fc.string()),
  );
  const env = fc.oneof({ arbitrary: fc.constant({}), weight: 3 }, variables);

  it("give a configuration or faults, and never throw", { timeout: 60_000 }, () => {
    let good = 0;
    fc.assert(
      fc.property(text, env, (written, set) => {
        const loaded = load(written, set);
        if (loaded.ok) {
          good += 1;
          return;
        }
        expect(loaded.faults.length).toBeGreaterThan(0);
        expect(printFaults(loaded.faults).split("\n").length).toBeLessThanOrEqual(51);
        // What the schema's library would say by itself never gets here: our words only.
        expect(printFaults(loaded.faults)).not.toMatch(/Invalid|Unrecognized|Too (big|small)/);
        expect(({} as { x?: unknown }).x).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
    expect(good).toBeGreaterThan(20);
    expect(good).toBeLessThan(950);
  });
});

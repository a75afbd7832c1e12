import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { scalarKeys } from "./environment.ts";
import { printFaults } from "./faults.ts";
import { ConfigError, defaultConfig, loadConfig } from "./load.ts";
import { configSchema } from "./schema.ts";
import type { ConfigInput } from "./written.ts";
import { readYaml } from "./yaml.ts";

const file = new URL("../../../../kintsugi.example.yaml", import.meta.url).pathname;
const text = readFileSync(file, "utf8");

const setup = () => {
  const files = { read: () => text, sizeBytes: () => text.length };
  const loaded = loadConfig(file, { env: {}, files });
  if (!loaded.ok) throw new Error(printFaults(loaded.faults));
  return loaded;
};

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

/** Keys of the schema that none of `values` holds, whichever form of a union they have. */
function missing(schema: JsonSchema, values: readonly unknown[], path: string): readonly string[] {
  const { additionalProperties, items, oneOf = [], anyOf = [] } = schema;
  const maps = values.filter((value) => typeof value === "object" && value !== null);
  const rest = typeof additionalProperties === "object" ? additionalProperties : items;
  const inner = maps.flatMap((value) => Object.values(value));
  const keys = [schema, ...oneOf, ...anyOf].flatMap(({ properties = {} }) =>
    Object.entries(properties),
  );
  return [
    ...keys.flatMap(([key, each]) => {
      const held = maps.flatMap((value) =>
        Object.hasOwn(value, key) ? [value[key as never]] : [],
      );
      const here = `${path}.${key}`;
      return held.length === 0 ? [here] : missing(each, held, here);
    }),
    ...(rest ? missing(rest, inner, `${path}.*`) : []),
  ];
}

describe("kintsugi.example.yaml", () => {
  it("loads", () => {
    expect(setup().config.name).toBe("my-app");
  });

  it("holds every key of the schema", () => {
    expect(missing(configSchema(), [readYaml(text).tree], "")).toEqual([]);
    expect(missing(configSchema(), [{ name: "x" }], "")).toContain(".server");
  });

  it("holds the defaults of everything that is not named by its user", () => {
    const { components, calls, triggers, chaos, ...fixed } = setup().config;
    const { queues, schedules, compressFrom, encryption, ...workflows } = fixed.workflows;
    const { queues: _q, schedules: _s, ...defaultWorkflows } = defaultConfig().workflows;
    expect(workflows).toEqual(defaultWorkflows);
    expect([compressFrom, encryption?.current]).toEqual([65_536, "2026"]); // Left out, there is none.
    const { components: _c, calls: _k, triggers: _t, chaos: _p, ...rest } = defaultConfig();
    const { name: _n, file: _f, dataDir: _d, workflows: _w, ...expected } = rest;
    expect(fixed).toMatchObject(expected);
    expect(chaos.enabled).toBe(false);
  });

  it("holds the defaults of a component", () => {
    const { web, memory } = setup().config.components;
    const bare = defaultConfig(
      {
        components: {
          web: { kind: "process", command: "node", heartbeat: "1s" },
          memory: { kind: "kernel", module: "./src/memory.ts" },
        },
      },
      new URL(".", `file://${file}`).pathname,
    ).components;
    const { args: _, env, memoryLimitBytes, dependsOn, ...shown } = web ?? {};
    expect(bare["web"]).toMatchObject(shown);
    expect(bare["memory"]).toEqual(memory);
  });
});

describe("a variable of the environment", () => {
  it("exists for each key that holds one value", () => {
    expect(scalarKeys.map(({ variable }) => variable)).toEqual([
      "KINTSUGI_NAME",
      "KINTSUGI_DATA_DIR",
      "KINTSUGI_SERVER_HOST",
      "KINTSUGI_SERVER_PORT",
      "KINTSUGI_SUPERVISOR_STRATEGY",
      "KINTSUGI_SUPERVISOR_INTENSITY",
      "KINTSUGI_SUPERVISOR_PERIOD",
      "KINTSUGI_WORKFLOWS_ENGINE",
      "KINTSUGI_WORKFLOWS_DURABILITY",
      "KINTSUGI_WORKFLOWS_COMPRESS_FROM",
      "KINTSUGI_WORKFLOWS_ENCRYPTION_CURRENT",
      "KINTSUGI_WORKFLOWS_RETENTION",
      "KINTSUGI_WORKFLOWS_DEAD_LETTER_RETENTION",
      "KINTSUGI_HEALING_ENABLED",
      "KINTSUGI_HEALING_DRY_RUN",
      "KINTSUGI_HEALING_ACTIONS_PER_HOUR",
      "KINTSUGI_WATCHDOG_HANG",
      "KINTSUGI_WATCHDOG_RESTART_INITIAL",
      "KINTSUGI_WATCHDOG_RESTART_MAX",
      "KINTSUGI_METRICS_PROMETHEUS",
      "KINTSUGI_CHAOS_ENABLED",
    ]);
  });
});

describe("a program without a file", () => {
  it("gets the defaults, and what it says instead", () => {
    const config = defaultConfig(
      { name: "lib", dataDir: "state", supervisor: { period: 5 } },
      "/x",
    );
    expect(config).toMatchObject({
      name: "lib",
      file: null,
      dataDir: "/x/state",
      server: { port: 4_600 },
      supervisor: { intensity: 3, periodMs: 5 },
    });
    expect(defaultConfig({}, "/x/app").name).toBe("app");
    expect(defaultConfig({}, "/").name).toBe("kintsugi");
  });

  it("may give a kernel itself, in place of its module", () => {
    const { components } = defaultConfig({ components: { memory: { kind: "kernel" } } });
    expect(components["memory"]).not.toHaveProperty("module");
  });

  it("hears of all that is wrong with its object", () => {
    const wrong = { nmae: "x", server: { port: -1 } } as ConfigInput;
    expect(() => defaultConfig(wrong)).toThrow(ConfigError);
    expect(() => defaultConfig(wrong)).toThrow(
      [
        "The configuration is wrong:",
        "server.port is -1; expected a whole number from 0 to 65535",
        'unknown key "nmae" at the top; did you mean "name"?',
      ].join("\n"),
    );
  });

  it("may give an object that holds itself, and is refused", () => {
    const circular: Record<string, unknown> = { name: "x" };
    circular["self"] = circular;
    expect(() => defaultConfig(circular as ConfigInput)).toThrow('unknown key "self" at the top');
  });
});

describe("the JSON schema", () => {
  it("tells an editor what may be written", () => {
    expect(configSchema()).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      additionalProperties: false,
      properties: { watchdog: { properties: { hang: { default: "10s" } } } },
    });
  });
});

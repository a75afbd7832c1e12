import { describe, expect, it } from "vitest";

import { printFaults } from "./faults.ts";
import { loadConfig } from "./load.ts";

/** What is printed about a file with this text. */
const printed = (text: string): readonly string[] => {
  const files = { read: () => text, sizeBytes: () => text.length };
  const loaded = loadConfig("k.yaml", { env: {}, files });
  return loaded.ok ? [] : printFaults(loaded.faults).split("\n");
};

const kernel = "kind: kernel, module: m";

describe("a file with many mistakes", () => {
  it("hears of all of them at once, in its own order", () => {
    const text = `nmae: x
supervisor: { strategy: one-for-al, period: 0s }
components:
  web: { kind: proces, command: node }
  model: { kind: process, heartbaet: 1s, limits: { memory: 1XB } }
  a: { ${kernel}, command: x, dependsOn: [webb] }
workflows: { durability: powr }
healing: advanced
triggers: { t: { type: error-burst, above: 0.5 } }
zz: 1
`;
    expect(printed(text)).toEqual([
      'k.yaml:1:1: unknown key "nmae" at the top; did you mean "name"?',
      'k.yaml:2:25: supervisor.strategy is "one-for-al"; expected "one-for-one"',
      'k.yaml:2:45: supervisor.period is "0s"; expected a span of at least 1 ms, such as "500ms", "30s" or "10m"',
      'k.yaml:4:16: components.web.kind is "proces"; expected a component of kind "process" or "kernel", did you mean "process"?',
      'k.yaml:5:3: components.model.command is missing; expected a program such as "node"',
      'k.yaml:5:27: unknown key "heartbaet" in components.model; did you mean "heartbeat"?',
      'k.yaml:5:60: components.model.limits.memory is "1XB"; expected a size such as "512KB" or "150MB"',
      'k.yaml:6:33: unknown key "command" in components.a; expected one of kind, module, restart, dependsOn, shutdown, heartbeat',
      'k.yaml:6:57: components.a.dependsOn[0] is "webb", and nothing is called that; did you mean "web"?',
      'k.yaml:7:26: workflows.durability is "powr"; expected "power" or "process", did you mean "power"?',
      'k.yaml:8:10: healing is "advanced"; expected a map with the keys enabled, dryRun, actionsPerHour',
      "k.yaml:9:13: triggers.t.playbook is missing; expected the name of a playbook",
      "k.yaml:9:44: triggers.t.above is 0.5; expected a whole number from 1 to 1000000",
      'k.yaml:10:1: unknown key "zz" at the top; expected one of name, dataDir, server, runtime, supervisor, components, workflows, calls, healing, triggers, watchdog, metrics, chaos',
    ]);
  });
});

describe("a name", () => {
  it.each([
    [
      "is a word of the language",
      `components: { __proto__: { ${kernel} } }`,
      '1:15: "__proto__" is a word of the language; expected another name',
    ],
    [
      "is another word of it",
      `calls: { constructor: {} }`,
      '1:10: "constructor" is a word of the language; expected another name',
    ],
    [
      "belongs to the house",
      `components: { runtime: { ${kernel} } }`,
      '1:15: a component cannot be called "runtime", as a part of the program is; expected another name',
    ],
    [
      "could leave its folder",
      `components: { ../x: { ${kernel} } }`,
      '1:15: "../x" is no name in components; expected a letter, then at most 62 letters, digits, dots, dashes or underscores',
    ],
  ])("is refused when it %s", (_, text, message) => {
    expect(printed(text)).toEqual([`k.yaml:${message}`]);
  });
});

describe("what one part says of another", () => {
  it.each([
    [
      "a circle",
      `components: { a: { ${kernel}, dependsOn: [b] }, b: { ${kernel}, dependsOn: [a] } }`,
      "1:56: the dependencies a -> b -> a are a circle; expected one to start first",
    ],
    [
      "a circle of one",
      `components: { a: { ${kernel}, dependsOn: [a] } }`,
      "1:56: the dependencies a -> a are a circle; expected one to start first",
    ],
    [
      "a trigger of nobody",
      "triggers: { t: { type: error-burst, component: x, playbook: p } }",
      '1:48: triggers.t.component is "x", and nothing is called that; expected a name that exists',
    ],
    [
      "a silence of one that never beats",
      "components: { w: { kind: process, command: c } }\ntriggers: { t: { type: heartbeat-failure, component: w, playbook: p } }",
      "2:43: w does not beat; expected components.w.heartbeat",
    ],
    [
      "a share of no limit",
      "components: { w: { kind: process, command: c } }\ntriggers: { t: { type: resource-spike, component: w, playbook: p } }",
      "2:40: w has no memory limit; expected limits.memory there, or above here",
    ],
    [
      "two limits",
      "triggers: { t: { type: resource-spike, above: 1, aboveRatio: 1, playbook: p } }",
      "1:50: triggers.t has above and aboveRatio; expected one of them",
    ],
    [
      "two ends",
      "triggers: { t: { type: resource-spike, clear: 1, clearRatio: 1, playbook: p } }",
      "1:50: triggers.t has clear and clearRatio; expected one of them",
    ],
    [
      "a fault of nobody",
      "chaos: { plan: [{ name: f, at: { after: 0 }, kill: watchdgo }] }",
      '1:52: chaos.plan[0].kill is "watchdgo", and nothing is called that; did you mean "watchdog"?',
    ],
    [
      "failing calls of the runtime",
      "chaos: { plan: [{ name: f, at: { after: 0 }, failCalls: runtime, rate: 1 }] }",
      '1:57: chaos.plan[0].failCalls is "runtime", which cannot have this fault; expected a component of kind process',
    ],
    [
      "failing calls of a policy",
      "chaos: { plan: [{ name: f, at: { after: 0 }, failCalls: api, rate: 1 }] }\ncalls: { api: {} }",
      '1:57: chaos.plan[0].failCalls is "api", which cannot have this fault; expected a component of kind process',
    ],
    [
      "a crash of the runtime",
      "chaos: { plan: [{ name: f, at: { after: 0 }, crash: runtime }] }",
      '1:53: chaos.plan[0].crash is "runtime", which cannot have this fault; expected a component of kind process',
    ],
    [
      "a kill of a kernel, which has no process",
      "chaos: { plan: [{ name: f, at: { after: 0 }, kill: k }] }\ncomponents: { k: { kind: kernel, module: m } }",
      '1:52: chaos.plan[0].kill is "k", which cannot have this fault; expected a component of kind process, runtime or watchdog',
    ],
    [
      "two faults of one name",
      "chaos: { plan: [{ name: f, at: { after: 0 }, kill: runtime }, { name: f, at: { after: 1 }, kill: runtime }] }",
      '1:71: two faults are called "f"; expected a name for each',
    ],
  ])("is checked: %s", (_, text, message) => {
    expect(printed(text)).toEqual([`k.yaml:${message}`]);
  });

  it("may be a long chain, or a diamond", () => {
    const chain = Array.from({ length: 900 }, (_, n) =>
      n === 0
        ? `  c0: { ${kernel} }`
        : `  c${n}: { ${kernel}, dependsOn: [c${n - 1}, c${n >> 1}] }`,
    );
    expect(printed(["components:", ...chain].join("\n"))).toEqual([]);
  });
});

describe("a fault of one of several forms", () => {
  const plan = (entry: string) =>
    printed(`chaos: { plan: [${entry}] }\ncomponents: { w: { kind: process, command: c } }`);

  it.each([
    [
      "{ name: f, at: { after: 0 }, hang: w }",
      '1:17: chaos.plan[0].for is missing; expected a span of at least 1 ms, such as "500ms", "30s" or "10m"',
    ],
    [
      "{ name: f, at: { run: r }, kill: runtime }",
      "1:28: chaos.plan[0].at.done is missing; expected a whole number from 0 to 1000000000",
    ],
    [
      "{ name: f, at: 5, kill: runtime }",
      "1:32: chaos.plan[0].at is 5; expected { after: <span> } or { run: <id>, done: <number> }",
    ],
    [
      "{ name: f, at: { after: 0 } }",
      "1:17: chaos.plan[0] is a map; expected a fault with name, at and one of kill, hang (with for), leak (with perSecond), crash, failCalls (with rate)",
    ],
  ])("is judged by the form that it comes nearest to: %s", (entry, message) => {
    expect(plan(entry)).toEqual([`k.yaml:${message}`]);
  });

  it("may have its own word misspelt", () => {
    expect(plan("{ name: f, at: { after: 0 }, leek: runtime, perSecond: 1 }")).toEqual([
      "k.yaml:1:17: chaos.plan[0].leak is missing; expected a component of kind process",
      'k.yaml:1:46: unknown key "leek" in chaos.plan[0]; did you mean "leak"?',
    ]);
  });
});

describe("a key that two rules stumble over", () => {
  it("is told of once", () => {
    expect(printed("__proto__: { x: 1 }").length).toBe(1);
  });
});

describe("what is printed", () => {
  it("ends after fifty lines", () => {
    const text = Array.from({ length: 70 }, (_, n) => `k${n}: 1`).join("\n");
    expect(printed(text).length).toBe(51);
    expect(printed(text).at(-1)).toBe("... and 20 more");
  });

  it("steers no terminal", () => {
    const [line] = printed('"\\e[2J\\u202e\\x9b\\n": 1');
    expect(line).toMatch(/^k\.yaml:1:1: unknown key "\uFFFD\[2J\uFFFD\uFFFD\uFFFD" at the top;/);
  });

  it("is no command that the machine would cut short", () => {
    const text = 'components: { a: { kind: process, command: "c\\0x", args: ["b\\0"] } }';
    expect(printed(text).map((line) => line.split(";")[0])).toEqual([
      'k.yaml:1:44: components.a.command is "c\\u0000x"',
      'k.yaml:1:59: components.a.args[0] is "b\\u0000"',
    ]);
  });

  it("is no name that would steer one", () => {
    expect(printed('name: "a\\nb"')).toEqual([
      'k.yaml:1:7: name is "a\\nb"; expected the name of the program, on one line',
    ]);
  });

  it("shows no lists, no maps, and no more of a text than is needed to know it", () => {
    expect(
      printed(`name: { secret: x }\ndataDir: [secret]\nserver: { port: "${"x".repeat(99)}" }`),
    ).toEqual([
      "k.yaml:1:7: name is a map; expected the name of the program, on one line",
      "k.yaml:2:10: dataDir is a list; expected a folder",
      `k.yaml:3:17: server.port is "${"x".repeat(59)}...; expected a whole number from 0 to 65535`,
    ]);
  });
});

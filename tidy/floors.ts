/** Which room stands on which floor, and whom it may import. The drawing is docs/architecture.md. */

export interface Room {
  /** Folder from the root; the deepest that fits a file is its room. */
  readonly folder: string;
  readonly floor: number;
  /** Rooms by name whose doors it may use; those of its own room are free. */
  readonly may: readonly string[];
}

const policyRooms = [
  "retry",
  "circuit-breaker",
  "timeout",
  "fallback",
  "classify",
  "waiting",
  "bulkhead",
  "rate-limit",
  "adaptive-limit",
  "hedge",
  "cache",
  "validate",
  "chaos",
  "latency",
];

/** Rooms of packages/kintsugi by floor; a room below may be imported where the list names it. */
export const rooms: Readonly<Record<string, Room>> = {
  "policy/base": { folder: "packages/policy/src/base", floor: 1, may: [] },
  ...Object.fromEntries(
    policyRooms.map((name) => [
      `policy/${name}`,
      {
        folder: `packages/policy/src/${name}`,
        floor: 2,
        may: ["policy/base", "policy/classify", "policy/waiting", "policy/latency"],
      },
    ]),
  ),
  "policy/testing": {
    folder: "packages/policy/src/testing",
    floor: 3,
    may: ["policy/base", "policy/circuit-breaker"],
  },
  "policy/pipeline": {
    folder: "packages/policy/src/pipeline",
    floor: 2,
    may: ["policy/base", ...policyRooms.map((name) => `policy/${name}`)],
  },
  "policy/executor": {
    folder: "packages/policy/src/executor",
    floor: 2,
    may: ["policy/base", "policy/pipeline", ...policyRooms.map((name) => `policy/${name}`)],
  },
  "policy/resilient": {
    folder: "packages/policy/src/resilient",
    floor: 2,
    may: ["policy/base", "policy/pipeline", "policy/executor"],
  },
  "policy/fetch": {
    folder: "packages/policy/src/fetch",
    floor: 2,
    may: ["policy/base", "policy/classify", "policy/timeout", "policy/resilient"],
  },
  "policy/compat/opossum": {
    folder: "packages/policy/src/compat/opossum",
    floor: 2,
    may: ["policy/base", "policy/circuit-breaker", "policy/timeout", "policy/bulkhead"],
  },
  "policy/ai": {
    folder: "packages/policy/src/ai",
    floor: 2,
    may: [
      "policy/base",
      "policy/classify",
      "policy/fallback",
      "policy/fetch",
      "policy/rate-limit",
      "policy/resilient",
      "policy/timeout",
    ],
  },
  "policy/routes": {
    folder: "packages/policy/src/routes",
    floor: 2,
    may: ["policy/base", "policy/latency", "policy/timeout"],
  },
  ...Object.fromEntries(
    ["express", "fastify", "hono"].map((name) => [
      `policy/${name}`,
      { folder: `packages/policy/src/${name}`, floor: 2, may: ["policy/routes"] },
    ]),
  ),
  "policy/undici": {
    folder: "packages/policy/src/undici",
    floor: 2,
    may: ["policy/base", "policy/resilient", "policy/fetch"],
  },
  "policy/compat/cockatiel": {
    folder: "packages/policy/src/compat/cockatiel",
    floor: 2,
    may: ["policy/base", "policy/bulkhead", "policy/circuit-breaker", "policy/fallback"],
  },
  host: { folder: "packages/kintsugi/src/host", floor: 3, may: ["policy"] },
  store: { folder: "packages/kintsugi/src/store", floor: 4, may: ["policy", "host"] },
  workflow: {
    folder: "packages/kintsugi/src/workflow",
    floor: 5,
    may: ["policy", "host", "store"],
  },
  supervise: {
    folder: "packages/kintsugi/src/supervise",
    floor: 5,
    may: ["policy", "host", "store"],
  },
  watchdog: {
    folder: "packages/kintsugi/src/watchdog",
    floor: 6,
    may: ["policy", "host", "supervise/restart", "supervise/frames"],
  },
  chaos: {
    folder: "packages/kintsugi/src/chaos",
    floor: 6,
    may: ["policy", "host", "store", "supervise"],
  },
  heal: {
    folder: "packages/kintsugi/src/heal",
    floor: 7,
    may: ["policy", "host", "store", "workflow", "supervise"],
  },
  config: {
    folder: "packages/kintsugi/src/config",
    floor: 10,
    may: ["policy", "host", "workflow", "supervise", "heal"],
  },
  observe: {
    folder: "packages/kintsugi/src/observe",
    floor: 8,
    may: ["policy", "host", "store", "workflow", "supervise", "heal"],
  },
  server: {
    folder: "packages/kintsugi/src/server",
    floor: 10,
    may: ["policy", "host", "store", "workflow", "supervise", "heal", "observe"],
  },
  dashboard: { folder: "packages/dashboard/src", floor: 13, may: ["policy/base", "server/live"] },
  runtime: {
    folder: "packages/kintsugi/src/runtime",
    floor: 11,
    may: [
      "policy",
      "host",
      "store",
      "workflow",
      "supervise",
      "watchdog",
      "chaos",
      "heal",
      "config",
      "observe",
      "server",
    ],
  },
  cli: {
    folder: "packages/kintsugi/src/cli",
    floor: 12,
    may: ["policy", "host", "watchdog", "config", "server", "server/client", "runtime"],
  },
  testing: {
    folder: "packages/kintsugi/src/testing",
    floor: 13,
    may: [
      "policy",
      "host",
      "store",
      "workflow",
      "supervise",
      "watchdog",
      "chaos",
      "heal",
      "config",
      "observe",
      "server",
      "runtime",
    ],
  },
};

/** Files that stand above the rooms: the faces of the packages. */
export const faces: readonly string[] = [
  "packages/policy/src/index.ts",
  "packages/kintsugi/src/index.ts",
];

export function roomOf(path: string): string | undefined {
  return Object.entries(rooms)
    .filter(([, { folder }]) => path.startsWith(`${folder}/`))
    .toSorted(([, a], [, b]) => b.folder.length - a.folder.length)[0]?.[0];
}

/** Whether a permission such as "supervise/restart" or "policy" opens this door. */
export function opens(permission: string, target: string): boolean {
  if (permission === "policy") return target.startsWith("packages/policy/src/");
  const [name = "", ...inner] = permission.startsWith("policy/")
    ? [permission]
    : permission.split("/");
  const folder = [rooms[name]?.folder, ...inner].join("/");
  return target.startsWith(`${folder}/`);
}

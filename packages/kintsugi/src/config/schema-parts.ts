/** Schemas of what the user names: components, calls, triggers and faults on purpose. */

import { z } from "zod";

import type { QueueOptions } from "../workflow/index.ts";
import type {
  CallConfig,
  ChaosEntry,
  ComponentConfig,
  EncryptionConfig,
  ScheduleConfig,
  TriggerConfig,
} from "./types.ts";
import {
  byName,
  keys,
  label,
  list,
  looseText,
  oneOf,
  present,
  share,
  size,
  span,
  text,
  whole,
} from "./values.ts";
import type {
  WrittenCall,
  WrittenComponent,
  WrittenEncryption,
  WrittenFault,
  WrittenQueue,
  WrittenSchedule,
  WrittenTrigger,
} from "./written.ts";

export const KERNEL_MODULE = "a file that exports the kernel";

const name = text("the name of a component");

const variableName = z.string().regex(/^[^=\s]{1,256}$/, "the name of a variable");

const component = {
  restart: oneOf("permanent", "transient", "temporary").default("permanent"),
  dependsOn: list("a list of components", name).default([]),
  shutdown: span(0).prefault("5s"),
};

const processComponent = keys({
  kind: z.literal("process"),
  command: text('a program such as "node"'),
  args: list("a list of arguments", looseText).default([]),
  cwd: text("a folder").default("."),
  env: z.record(variableName, looseText, { error: "a map of variables" }).default({}),
  ...component,
  heartbeat: span(10).optional(),
  limits: keys({ memory: size().optional() }).prefault({}),
}).transform(({ heartbeat, shutdown, limits, ...rest }) =>
  present({
    ...rest,
    beats: heartbeat !== undefined,
    heartbeatMs: heartbeat ?? 1_000,
    shutdownMs: shutdown,
    memoryLimitBytes: limits.memory,
  }),
);

const kernelComponent = keys({
  kind: z.literal("kernel"),
  module: text(KERNEL_MODULE).optional(),
  ...component,
  heartbeat: span(10).prefault("1s"),
}).transform(({ heartbeat, shutdown, ...rest }) =>
  present({ ...rest, heartbeatMs: heartbeat, shutdownMs: shutdown }),
);

export const components: z.ZodType<
  Record<string, ComponentConfig>,
  Readonly<Record<string, WrittenComponent>>
> = byName(
  z.discriminatedUnion("kind", [processComponent, kernelComponent], {
    error: 'a component of kind "process" or "kernel"',
  }),
);

export const calls: z.ZodType<
  Record<string, CallConfig>,
  Readonly<Record<string, WrittenCall>>
> = byName(
  keys({
    preset: oneOf("api", "database", "llm").default("api"),
    timeout: span(1).optional(),
    retry: keys({
      maxAttempts: whole(1, 1_000).optional(),
      initialDelay: span(0).optional(),
      maxDelay: span(0).optional(),
    })
      .transform(({ maxAttempts, initialDelay, maxDelay }) =>
        present({ maxAttempts, initialDelayMs: initialDelay, maxDelayMs: maxDelay }),
      )
      .optional(),
    circuitBreaker: keys({
      failureThreshold: whole(1, 1_000_000).optional(),
      successThreshold: whole(1, 1_000_000).optional(),
      timeout: span(1).optional(),
    })
      .transform(({ timeout, ...thresholds }) => present({ ...thresholds, timeoutMs: timeout }))
      .optional(),
  }).transform(({ timeout, ...rest }) => present({ ...rest, timeoutMs: timeout })),
);

const EITHER = "a key with `file` or `env`, one of the two";

const key = keys({
  id: z.string().regex(/^[\w.-]{1,64}$/, "1 to 64 letters, digits, dots, dashes or underscores"),
  file: text("the path of a file").optional(),
  env: variableName.optional(),
})
  .refine(({ file, env }) => (file === undefined) !== (env === undefined), { error: EITHER })
  .transform(({ id, file, env }) => ({
    id,
    source:
      file === undefined
        ? ({ kind: "env", name: env ?? "" } as const)
        : ({ kind: "file", path: file } as const),
  }));

/** Where the keys lie with which the values of runs are encrypted. */
export const encryption: z.ZodType<EncryptionConfig, WrittenEncryption> = keys({
  current: text("the id of a key"),
  keys: list("a list of keys", key),
});

const trigger = {
  component: name.optional(),
  for: span(0).optional(),
  keepFor: span(0).optional(),
  cooldown: span(0).optional(),
  severity: oneOf("low", "medium", "high", "critical").optional(),
  playbook: text("the name of a playbook"),
};

interface TriggerSpans {
  readonly for?: number | undefined;
  readonly keepFor?: number | undefined;
  readonly cooldown?: number | undefined;
}

const withUnits = <Rest extends TriggerSpans>({ for: held, keepFor, cooldown, ...rest }: Rest) => ({
  ...rest,
  forMs: held,
  keepForMs: keepFor,
  cooldownMs: cooldown,
});

const triggerKinds = z.discriminatedUnion(
  "type",
  [
    keys({ type: z.literal("heartbeat-failure"), ...trigger, above: span(1).optional() }).transform(
      ({ above, ...rest }) => present({ ...withUnits(rest), aboveMs: above }),
    ),
    keys({
      type: z.literal("resource-spike"),
      ...trigger,
      metric: oneOf("rssBytes").default("rssBytes"),
      above: size().optional(),
      aboveRatio: share().optional(),
      clear: size().optional(),
      clearRatio: share().optional(),
    }).transform(({ above, clear, ...rest }) =>
      present({ ...withUnits(rest), aboveBytes: above, clearBytes: clear }),
    ),
    keys({
      type: z.literal("error-burst"),
      ...trigger,
      above: whole(1, 1_000_000).optional(),
      clear: whole(0, 1_000_000).optional(),
      window: span(1).optional(),
      ratio: share().optional(),
    }).transform(({ window, ...rest }) => present({ ...withUnits(rest), windowMs: window })),
  ],
  { error: 'a trigger of type "heartbeat-failure", "resource-spike" or "error-burst"' },
);

export const triggers: z.ZodType<
  Record<string, TriggerConfig>,
  Readonly<Record<string, WrittenTrigger>>
> = byName(triggerKinds).transform((specs) =>
  Object.fromEntries(Object.entries(specs).map(([key, spec]) => [key, { ...spec, name: key }])),
);

const moment = z.union(
  [
    keys({ after: span(0) }).transform(({ after }) => ({ kind: "after" as const, ms: after })),
    keys({ run: text("the id of a run"), done: whole(0, 1_000_000_000) }).transform((progress) => ({
      kind: "progress" as const,
      ...progress,
    })),
  ],
  { error: "{ after: <span> } or { run: <id>, done: <number> }" },
);

const entry = { name: label("a name that tells this fault from others"), at: moment };
const killed = text("a component of kind process, runtime or watchdog");
const target = text("a component of kind process");

const fault: z.ZodType<ChaosEntry, WrittenFault> = z.union(
  [
    keys({ ...entry, kill: killed }).transform(({ kill, ...rest }) => ({
      ...rest,
      fault: { kind: "kill" as const, target: kill },
    })),
    keys({ ...entry, hang: target, for: span(1) }).transform(({ hang, for: held, ...rest }) => ({
      ...rest,
      fault: { kind: "hang" as const, target: hang, ms: held },
    })),
    keys({ ...entry, leak: target, perSecond: size() }).transform(
      ({ leak, perSecond, ...rest }) => ({
        ...rest,
        fault: { kind: "leak" as const, target: leak, bytesPerSecond: perSecond },
      }),
    ),
    keys({ ...entry, crash: target }).transform(({ crash, ...rest }) => ({
      ...rest,
      fault: { kind: "crash" as const, target: crash },
    })),
    keys({ ...entry, failCalls: target, rate: share() }).transform(
      ({ failCalls, rate, ...rest }) => ({
        ...rest,
        fault: { kind: "fail-calls" as const, target: failCalls, rate },
      }),
    ),
  ],
  {
    error:
      "a fault with name, at and one of kill, hang (with for), leak (with perSecond), crash, " +
      "failCalls (with rate)",
  },
);

export const plan: z.ZodType<ChaosEntry[], readonly WrittenFault[]> = list(
  "a list of faults",
  fault,
);

/** Of runs, by name. */
export const queues: z.ZodType<
  Readonly<Record<string, QueueOptions>>,
  Readonly<Record<string, WrittenQueue>>
> = byName(
  keys({
    concurrency: whole(1, 1_000_000).optional(),
    workerConcurrency: whole(1, 1_000_000).optional(),
    rateLimit: keys({ limit: whole(1, 100_000), period: span(1) }).optional(),
  }).transform(present),
);

/** Runs that begin by the calendar. */
export const schedules: z.ZodType<readonly ScheduleConfig[], readonly WrittenSchedule[]> = list(
  "a list of schedules",
  keys({
    name: label("the name of a schedule"),
    workflow: text("the name of a workflow"),
    cron: text('a pattern such as "0 3 * * *"'),
    timeZone: text('a time zone such as "Europe/Berlin"').default("UTC"),
    input: z.unknown(),
    catchUp: oneOf("last", "all", "none").default("last"),
    queue: text("the name of a queue").optional(),
    priority: whole(-10, 10).optional(),
  }).transform(present),
);

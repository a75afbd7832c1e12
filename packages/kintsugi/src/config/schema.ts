/** The schema of kintsugi.yaml: what may be written, what it means, and what holds where nothing is. */

import { z } from "zod";

import {
  calls,
  components,
  encryption,
  plan,
  queues,
  schedules,
  triggers,
} from "./schema-parts.ts";
import type { KintsugiConfig } from "./types.ts";
import { flag, keys, label, list, oneOf, present, size, span, text, whole } from "./values.ts";
import type { ConfigInput } from "./written.ts";

/** A configuration that does not know yet where it stands: paths as written, no file. */
export type PlacelessConfig = Omit<KintsugiConfig, "file" | "name"> & {
  readonly name?: string | undefined;
};

export const schema: z.ZodType<PlacelessConfig, ConfigInput> = keys({
  name: label("the name of the program, on one line").optional(),
  dataDir: text("a folder").default(".kintsugi"),
  server: keys({
    host: text("an address to listen at").default("127.0.0.1"),
    port: whole(0, 65_535).default(4_600),
    allowedHosts: list("a list of hosts", text("the name of a host")).default([]),
  }).prefault({}),
  runtime: keys({
    modules: list("a list of modules", text("the path of a module")).default([]),
  }).prefault({}),
  supervisor: keys({
    strategy: oneOf("one-for-one").default("one-for-one"),
    intensity: whole(0, 1_000_000).default(3),
    period: span(1).prefault("60s"),
  })
    .prefault({})
    .transform(({ period, ...rest }) => ({ ...rest, periodMs: period })),
  components: components.default({}),
  workflows: keys({
    engine: oneOf("embedded").default("embedded"),
    durability: oneOf("power", "process").default("power"),
    queues: queues.default({}),
    schedules: schedules.default([]),
    compressFrom: size().optional(),
    encryption: encryption.optional(),
    retention: span(1_000).prefault("30d"),
    deadLetterRetention: span(1_000).prefault("90d"),
  })
    .prefault({})
    .transform(({ retention, deadLetterRetention, ...rest }) => ({
      ...present(rest),
      retentionMs: retention,
      deadLetterRetentionMs: deadLetterRetention,
    })),
  calls: calls.default({}),
  healing: keys({
    enabled: flag.default(true),
    dryRun: flag.default(false),
    actionsPerHour: whole(0, 1_000_000).default(60),
  }).prefault({}),
  triggers: triggers.default({}),
  watchdog: keys({
    // Less than a second would take a long garbage collection for a hang.
    hang: span(1_000).prefault("10s"),
    restart: keys({ initial: span(1).prefault("100ms"), max: span(1).prefault("30s") })
      .prefault({})
      .transform(({ initial, max }) => ({ initialMs: initial, maxMs: max })),
  })
    .prefault({})
    .transform(({ hang, restart }) => ({ hangMs: hang, restart })),
  metrics: keys({ prometheus: flag.default(true) }).prefault({}),
  chaos: keys({ enabled: flag.default(false), plan: plan.default([]) }).prefault({}),
});

/** The schema as JSON Schema (draft 2020-12), for editors. */
export function configSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(schema, { io: "input" });
}

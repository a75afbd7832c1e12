/** The configuration as the program uses it: all defaults filled in, spans in milliseconds, paths absolute. */

import type { TriggerSpec } from "../heal/index.ts";
import type { ComponentKind } from "../supervise/index.ts";
import type { CatchUp, QueueOptions } from "../workflow/index.ts";

export interface KintsugiConfig {
  readonly name: string;
  /** The file it came from; null when it was given as an object. */
  readonly file: string | null;
  /** Folder of all that lasts. */
  readonly dataDir: string;
  readonly server: {
    readonly host: string;
    /** 0 takes the port of the last life where it is free, else any free one. */
    readonly port: number;
    /** Names beside those of the loopback by which the server may be called. */
    readonly allowedHosts: readonly string[];
  };
  readonly runtime: { readonly modules: readonly string[] };
  readonly supervisor: {
    readonly strategy: "one-for-one";
    readonly intensity: number;
    readonly periodMs: number;
  };
  readonly components: Readonly<Record<string, ComponentConfig>>;
  readonly workflows: {
    readonly engine: "embedded";
    readonly durability: "power" | "process";
    /** Beside the one named "default", which there always is. */
    readonly queues: Readonly<Record<string, QueueOptions>>;
    readonly schedules: readonly ScheduleConfig[];
    /** Characters of a text from which on it is compressed; none is where it is missing. */
    readonly compressFrom?: number;
    readonly encryption?: EncryptionConfig;
    readonly retentionMs: number;
    readonly deadLetterRetentionMs: number;
  };
  readonly calls: Readonly<Record<string, CallConfig>>;
  readonly healing: {
    readonly enabled: boolean;
    readonly dryRun: boolean;
    readonly actionsPerHour: number;
  };
  readonly triggers: Readonly<Record<string, TriggerConfig>>;
  readonly watchdog: {
    readonly hangMs: number;
    readonly restart: { readonly initialMs: number; readonly maxMs: number };
  };
  readonly metrics: { readonly prometheus: boolean };
  readonly chaos: { readonly enabled: boolean; readonly plan: readonly ChaosEntry[] };
}

export interface EncryptionConfig {
  /** The id of the key with which new values are encrypted. */
  readonly current: string;
  readonly keys: readonly KeyConfig[];
}

/** Where a key lies. */
export interface KeyConfig {
  readonly id: string;
  readonly source:
    | { readonly kind: "env"; readonly name: string }
    | { readonly kind: "file"; readonly path: string };
}

/** Runs of a workflow that begin by the calendar. */
export interface ScheduleConfig {
  readonly name: string;
  readonly workflow: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly input?: unknown;
  readonly catchUp: CatchUp;
  readonly queue?: string;
  readonly priority?: number;
}

export interface ComponentConfig {
  readonly kind: ComponentKind;
  /** process */
  readonly command?: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** process: speaks the component protocol. kernel: always. */
  readonly beats?: boolean;
  /** kernel: absolute path of the module that exports it */
  readonly module?: string;
  readonly restart: "permanent" | "transient" | "temporary";
  readonly dependsOn: readonly string[];
  readonly heartbeatMs: number;
  readonly shutdownMs: number;
  readonly memoryLimitBytes?: number;
}

export interface CallConfig {
  readonly preset: "api" | "database" | "llm";
  readonly timeoutMs?: number;
  readonly retry?: {
    readonly maxAttempts?: number;
    readonly initialDelayMs?: number;
    readonly maxDelayMs?: number;
  };
  readonly circuitBreaker?: {
    readonly failureThreshold?: number;
    readonly successThreshold?: number;
    readonly timeoutMs?: number;
  };
}

/** As written in the file; the healer turns it into a TriggerSpec. */
export type TriggerConfig = TriggerSpec;

/** A fault on purpose. Recorded durably before it happens, so that a restart does not repeat it. */
export interface ChaosEntry {
  readonly name: string;
  /** When: so long after the plan began, or when a run has done so much (its `progress`). */
  readonly at:
    | { readonly kind: "after"; readonly ms: number }
    | { readonly kind: "progress"; readonly run: string; readonly done: number };
  readonly fault:
    | { readonly kind: "kill"; readonly target: string }
    | { readonly kind: "hang"; readonly target: string; readonly ms: number }
    | { readonly kind: "leak"; readonly target: string; readonly bytesPerSecond: number }
    | { readonly kind: "crash"; readonly target: string }
    | { readonly kind: "fail-calls"; readonly target: string; readonly rate: number };
}

/**
 * The configuration as a person writes it, in kintsugi.yaml or as an object. Keys are the option names
 * of the code without their unit; the value carries it. Relative paths start at the file's folder.
 */

/** Milliseconds, or text with a unit: `"500ms"`, `"30s"`, `"10m"`, `"2h"`, `"7d"`. */
type WrittenSpan = number | string;

/** Bytes, or text with a unit, 1,024 a step: `"512KB"`, `"150MB"`, `"8GB"`. */
type WrittenSize = number | string;

/** A value of a child's environment, or an argument; passed on as text. */
type WrittenText = string | number | boolean;

export interface ConfigInput {
  /** Names the program on screens. @defaultValue the name of the folder */
  readonly name?: string | undefined;
  /** Folder of all that lasts; made with mode 700. @defaultValue ".kintsugi" */
  readonly dataDir?: string | undefined;
  readonly server?: WrittenServer | undefined;
  readonly runtime?: WrittenRuntime | undefined;
  readonly supervisor?: WrittenSupervisor | undefined;
  /** The parts that are kept alive, by name. @defaultValue none */
  readonly components?: Readonly<Record<string, WrittenComponent>> | undefined;
  readonly workflows?: WrittenWorkflows | undefined;
  /** Policies of outgoing calls, by name. @defaultValue none */
  readonly calls?: Readonly<Record<string, WrittenCall>> | undefined;
  readonly healing?: WrittenHealing | undefined;
  /** Conditions that open an incident, by name. @defaultValue none */
  readonly triggers?: Readonly<Record<string, WrittenTrigger>> | undefined;
  readonly watchdog?: WrittenWatchdog | undefined;
  readonly metrics?: WrittenMetrics | undefined;
  readonly chaos?: WrittenChaos | undefined;
}

interface WrittenServer {
  /** Address to listen at. Other than the loopback, it is open to the network. @defaultValue "127.0.0.1" */
  readonly host?: string | undefined;
  /** 0 takes any free port. @defaultValue 4600 */
  readonly port?: number | undefined;
  /** More names by which it may be called, such as that of a proxy. @defaultValue [] */
  readonly allowedHosts?: readonly string[] | undefined;
}

interface WrittenRuntime {
  /** Modules with workflows and playbooks. @defaultValue [] */
  readonly modules?: readonly string[] | undefined;
}

interface WrittenSupervisor {
  /** @defaultValue "one-for-one" */
  readonly strategy?: "one-for-one" | undefined;
  /** Restarts of one component within `period` that are too many. @defaultValue 3 */
  readonly intensity?: number | undefined;
  /** @defaultValue "60s" */
  readonly period?: WrittenSpan | undefined;
}

interface WrittenComponentBase {
  /** `permanent`: after every exit; `transient`: after a bad one; `temporary`: never. @defaultValue "permanent" */
  readonly restart?: "permanent" | "transient" | "temporary" | undefined;
  /** Components that must run before this one starts. @defaultValue [] */
  readonly dependsOn?: readonly string[] | undefined;
  /** Time between two beats. A process beats only if this is written. @defaultValue "1s" */
  readonly heartbeat?: WrittenSpan | undefined;
  /** Time for an orderly stop before it is killed. @defaultValue "5s" */
  readonly shutdown?: WrittenSpan | undefined;
}

interface WrittenProcess extends WrittenComponentBase {
  readonly kind: "process";
  /** A program: a name on the PATH, or a path that starts with a dot or a slash. Never a line for a shell. */
  readonly command: string;
  /** @defaultValue [] */
  readonly args?: readonly WrittenText[] | undefined;
  /** @defaultValue the folder of the file */
  readonly cwd?: string | undefined;
  /** @defaultValue {} */
  readonly env?: Readonly<Record<string, WrittenText>> | undefined;
  /** `memory`: resident memory that a healthy process stays under. @defaultValue no limits */
  readonly limits?: { readonly memory?: WrittenSize | undefined } | undefined;
}

interface WrittenKernel extends WrittenComponentBase {
  readonly kind: "kernel";
  /** File that exports the kernel. Needed in a file; a program may give the kernel itself instead. */
  readonly module?: string | undefined;
}

export type WrittenComponent = WrittenProcess | WrittenKernel;

interface WrittenWorkflows {
  /** @defaultValue "embedded" */
  readonly engine?: "embedded" | undefined;
  /** What a commit survives: a power cut, or a kill only. @defaultValue "power" */
  readonly durability?: "power" | "process" | undefined;
  /** By name; one named "default" is there in any case. @defaultValue none */
  readonly queues?: Readonly<Record<string, WrittenQueue>> | undefined;
  /** Runs that begin by the calendar. @defaultValue none */
  readonly schedules?: readonly WrittenSchedule[] | undefined;
  /** Values whose text is as long as this, or longer, are compressed. @defaultValue none are */
  readonly compressFrom?: WrittenSize | undefined;
  /** Inputs, results, signals and events are encrypted. @defaultValue they are not */
  readonly encryption?: WrittenEncryption | undefined;
}

export interface WrittenEncryption {
  /** The id of the key with which new values are encrypted. */
  readonly current: string;
  /** All keys that values may have been encrypted with. */
  readonly keys: readonly WrittenKey[];
}

/** Where a key of 32 bytes lies, in hexadecimal or in base64: in a file or in a variable. */
interface WrittenKey {
  /** Stands in each value that is encrypted with it. */
  readonly id: string;
  readonly file?: string | undefined;
  readonly env?: string | undefined;
  /** How long completed and cancelled runs are kept. @defaultValue "30d" */
  readonly retention?: WrittenSpan | undefined;
  /** How long dead letters are kept, unless they are replayed or discarded. @defaultValue "90d" */
  readonly deadLetterRetention?: WrittenSpan | undefined;
}

export interface WrittenSchedule {
  readonly name: string;
  /** Name of a workflow that a module brings. */
  readonly workflow: string;
  /** Minute, hour, day, month, weekday; with a sixth field before them, seconds. */
  readonly cron: string;
  /** A name of IANA's. @defaultValue "UTC" */
  readonly timeZone?: string | undefined;
  readonly input?: unknown;
  /** What becomes of times that passed while the program was down. @defaultValue "last" */
  readonly catchUp?: "last" | "all" | "none" | undefined;
  /** @defaultValue that of the workflow */
  readonly queue?: string | undefined;
  /** @defaultValue 0 */
  readonly priority?: number | undefined;
}

export interface WrittenQueue {
  /** Runs whose code may run at the same time. @defaultValue no bound of its own */
  readonly concurrency?: number | undefined;
  /** The same for each process by itself. @defaultValue `concurrency` */
  readonly workerConcurrency?: number | undefined;
  /** Runs that may begin in any stretch of time as long as the period. @defaultValue no limit */
  readonly rateLimit?: { readonly limit: number; readonly period: WrittenSpan } | undefined;
}

export interface WrittenCall {
  /** @defaultValue "api" */
  readonly preset?: "api" | "database" | "llm" | undefined;
  /** Time for each attempt. @defaultValue the preset's, as all below */
  readonly timeout?: WrittenSpan | undefined;
  readonly retry?: WrittenRetry | undefined;
  readonly circuitBreaker?: WrittenCircuitBreaker | undefined;
}

interface WrittenRetry {
  /** Attempts in all, the first included. */
  readonly maxAttempts?: number | undefined;
  readonly initialDelay?: WrittenSpan | undefined;
  readonly maxDelay?: WrittenSpan | undefined;
}

interface WrittenCircuitBreaker {
  /** Failures that open the circuit. */
  readonly failureThreshold?: number | undefined;
  /** Trials that must succeed to close it. */
  readonly successThreshold?: number | undefined;
  /** Time that an open circuit waits before it admits a trial. */
  readonly timeout?: WrittenSpan | undefined;
}

interface WrittenHealing {
  /** @defaultValue true */
  readonly enabled?: boolean | undefined;
  /** Say what would be done, and do nothing. @defaultValue false */
  readonly dryRun?: boolean | undefined;
  /** Playbooks started in an hour; more incidents than that go to a person. @defaultValue 60 */
  readonly actionsPerHour?: number | undefined;
}

interface WrittenTriggerBase {
  /** Component that it watches. @defaultValue every one that it fits */
  readonly component?: string | undefined;
  /** How long the condition must hold. @defaultValue "0s" */
  readonly for?: WrittenSpan | undefined;
  /** How long it must be clear before it counts as over. @defaultValue "0s" */
  readonly keepFor?: WrittenSpan | undefined;
  /** Time in which it does not fire again for the same component. @defaultValue "10s" */
  readonly cooldown?: WrittenSpan | undefined;
  /** @defaultValue "high" */
  readonly severity?: "low" | "medium" | "high" | "critical" | undefined;
  /** The playbook that mends. */
  readonly playbook: string;
}

interface WrittenHeartbeatTrigger extends WrittenTriggerBase {
  readonly type: "heartbeat-failure";
  /** Silence that counts as lost. @defaultValue "5s" */
  readonly above?: WrittenSpan | undefined;
}

interface WrittenResourceTrigger extends WrittenTriggerBase {
  readonly type: "resource-spike";
  /** @defaultValue "rssBytes" */
  readonly metric?: "rssBytes" | undefined;
  readonly above?: WrittenSize | undefined;
  /** In place of `above`: a share of the component's memory limit. @defaultValue 1 */
  readonly aboveRatio?: number | undefined;
  /** Below this it is over. @defaultValue 0.9 of above */
  readonly clear?: WrittenSize | undefined;
  readonly clearRatio?: number | undefined;
}

interface WrittenErrorTrigger extends WrittenTriggerBase {
  readonly type: "error-burst";
  /** Failed calls within `window` that are too many. @defaultValue 50 */
  readonly above?: number | undefined;
  /** @defaultValue a fifth of `above` */
  readonly clear?: number | undefined;
  /** @defaultValue "10s" */
  readonly window?: WrittenSpan | undefined;
  /** Share of the calls that must fail as well. @defaultValue 0.5 */
  readonly ratio?: number | undefined;
}

export type WrittenTrigger = WrittenHeartbeatTrigger | WrittenResourceTrigger | WrittenErrorTrigger;

interface WrittenWatchdog {
  /** Silence of the runtime's event loop that counts as a hang. @defaultValue "10s" */
  readonly hang?: WrittenSpan | undefined;
  /** Wait before a restart of the runtime; doubles from `initial` to `max`. @defaultValue "100ms", "30s" */
  readonly restart?:
    | { readonly initial?: WrittenSpan | undefined; readonly max?: WrittenSpan | undefined }
    | undefined;
}

interface WrittenMetrics {
  /** Whether `/metrics` shows the figures in Prometheus' text format. @defaultValue true */
  readonly prometheus?: boolean | undefined;
}

interface WrittenChaos {
  /** @defaultValue false */
  readonly enabled?: boolean | undefined;
  /** Faults on purpose, each at most once in the life of a data folder. @defaultValue [] */
  readonly plan?: readonly WrittenFault[] | undefined;
}

/** After a span of the plan, or when a run has done so much. */
type WrittenMoment =
  | { readonly after: WrittenSpan }
  | { readonly run: string; readonly done: number };

/** A target is a component of kind process; that of `kill` may be `runtime` or `watchdog` as well. */
export type WrittenFault = { readonly name: string; readonly at: WrittenMoment } & (
  | { readonly kill: string }
  | { readonly hang: string; readonly for: WrittenSpan }
  | { readonly leak: string; readonly perSecond: WrittenSize }
  | { readonly crash: string }
  | { readonly failCalls: string; readonly rate: number }
);

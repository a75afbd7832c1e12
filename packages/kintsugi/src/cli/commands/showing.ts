/** `kintsugi status`, `runs`, `incidents`, and `restart <component>`: what the API is asked for. */

import type { InstancePaths } from "../../host/index.ts";
import type { Client } from "../../server/client/index.ts";
import { readKillSwitch, type WatchdogView } from "../../watchdog/index.ts";
import { type CommandContext, whoTypes } from "../context.ts";
import { CommandError, DONE, NOT_RUNNING } from "../exit-codes.ts";
import { clientOf } from "../instance.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";
import { dial } from "../start-watchdog.ts";
import { dateTime, facts, jsonLines, size, span, table } from "../text.ts";

export interface ShowOptions extends PlaceOptions {
  /** Prints what a program reads. */
  readonly json: boolean;
}

/** The shape that the API gives a thing. */
type Answer<Call extends keyof Client> = Client[Call] extends (...args: never[]) => Promise<infer T>
  ? T
  : never;

/** One screen; exit code 3 when nothing runs. */
export async function status(context: CommandContext, options: ShowOptions): Promise<number> {
  const { host, terminal } = context;
  const paths = await pathsOfPlace(context, options);
  const watchdog = await viewOf(context, paths);
  const found = await statusOf(context, paths).catch((error: unknown) => {
    if (error instanceof CommandError && error.exitCode === NOT_RUNNING) return error;
    throw error;
  });
  const killSwitch = readKillSwitch(host.files, paths.killSwitch);
  if (found instanceof CommandError) {
    if (options.json) print(context, { running: false, watchdog, killSwitch });
    if (!watchdog) throw found;
    const next = "and starts it again when it is due; `kintsugi logs runtime` may say why";
    throw new CommandError(
      NOT_RUNNING,
      `The runtime is not ready: the watchdog (pid ${watchdog.watchdogPid}) watches ${next}`,
    );
  }
  if (options.json) print(context, { running: true, watchdog, killSwitch, ...found });
  else for (const line of statusLines(found, watchdog)) terminal.out(line);
  return DONE;
}

/** All runs, newest first; or one, in full. */
export async function runs(
  context: CommandContext,
  options: ShowOptions & { readonly id?: string },
): Promise<number> {
  const { terminal } = context;
  const client = clientOf(context, await pathsOfPlace(context, options));
  if (options.id !== undefined) {
    const run = await client.run(options.id);
    if (options.json) print(context, run);
    else for (const line of runLines(run)) terminal.out(line);
    return DONE;
  }
  const list = await client.runs();
  if (options.json) print(context, list);
  else for (const line of runTable(list)) terminal.out(line);
  return DONE;
}

/** All incidents, newest first; or one, with what was done about it. */
export async function incidents(
  context: CommandContext,
  options: ShowOptions & { readonly id?: string },
): Promise<number> {
  const { terminal } = context;
  const client = clientOf(context, await pathsOfPlace(context, options));
  if (options.id !== undefined) {
    const incident = await client.incident(options.id);
    if (options.json) print(context, incident);
    else for (const line of incidentLines(incident)) terminal.out(line);
    return DONE;
  }
  const list = await client.incidents();
  if (options.json) print(context, list);
  else for (const line of incidentTable(list)) terminal.out(line);
  return DONE;
}

/** Takes one component down and starts it again; resolves when it is running. */
export async function restartComponent(
  context: CommandContext,
  options: PlaceOptions & { readonly component: string; readonly why?: string },
): Promise<number> {
  const client = clientOf(context, await pathsOfPlace(context, options));
  const why = `${options.why ?? "restart"} (${whoTypes(context)})`;
  const { name, identity } = await client.restartComponent(options.component, why);
  context.terminal.out(`${name} was restarted${identity ? ` (pid ${identity.pid})` : ""}`);
  return DONE;
}

async function statusOf(
  context: CommandContext,
  paths: InstancePaths,
): Promise<Answer<"status"> & { readonly url: string }> {
  const client = clientOf(context, paths);
  return { ...(await client.status()), url: client.url };
}

async function viewOf(context: CommandContext, paths: InstancePaths): Promise<WatchdogView | null> {
  let seen: WatchdogView | null = null;
  const onView = (view: WatchdogView): void => {
    seen = view;
  };
  (await dial(context, paths, { onView }))?.close();
  return seen;
}

const print = ({ terminal }: CommandContext, value: unknown): void => {
  for (const line of jsonLines(value)) terminal.out(line);
};

function statusLines(
  status: Answer<"status"> & { readonly url: string },
  watchdog: WatchdogView | null,
): readonly string[] {
  const { health, readiness, runs: counts, atMs } = status;
  const reason = health.kind === "healthy" ? "" : ` (${health.reason})`;
  return [
    ...facts({
      program: `${status.name}, version ${status.version}`,
      health: `${health.kind}${reason}`,
      ready: readiness.ready ? "yes" : `no: ${readiness.reasons.join("; ")}`,
      address: status.url,
      dashboard: "`kintsugi dashboard` prints the address that opens it",
      runtime: `pid ${status.pid}, up ${span(atMs - status.startedAtMs)}`,
      watchdog: watchdog ? `pid ${watchdog.watchdogPid}` : "none; the runtime starts another",
      runs: Object.entries(counts)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", "),
      "open incidents": String(status.openIncidents),
      store: status.store.kind === "open" ? null : status.store.kind,
    }),
    ...(status.components.length > 0 ? ["", ...componentTable(status)] : []),
    ...(status.calls.length > 0 ? ["", ...callTable(status)] : []),
  ];
}

const componentTable = ({ components, atMs }: Answer<"status">): readonly string[] =>
  table(
    ["COMPONENT", "KIND", "PHASE", "HEALTH", "PID", "UP", "RESTARTS", "MEMORY"],
    components.map((each) => [
      each.name,
      each.kind,
      each.phase,
      each.health.kind,
      each.identity ? String(each.identity.pid) : "-",
      each.startedAtMs === null ? "-" : span(atMs - each.startedAtMs),
      String(each.restarts),
      each.rssBytes === null ? "-" : size(each.rssBytes),
    ]),
  );

const callTable = ({ calls }: Answer<"status">): readonly string[] =>
  table(
    ["CALLS", "SUCCEEDED", "FAILED", "RETRIED", "CIRCUIT"],
    calls.map(({ name, succeeded, failed, retried, circuit }) => [
      name,
      ...[succeeded, failed, retried].map(String),
      circuit,
    ]),
  );

const runTable = (list: Answer<"runs">): readonly string[] =>
  list.length === 0
    ? ["No runs"]
    : table(
        ["RUN", "WORKFLOW", "STATUS", "STEPS", "PROGRESS", "BEGUN"],
        list.map((run) => [
          run.id,
          run.workflow,
          run.status,
          String(run.stepsRecorded),
          progressOf(run) ?? "-",
          dateTime(run.createdAtMs),
        ]),
      );

const runLines = (run: Answer<"run">): readonly string[] =>
  facts({
    run: run.id,
    workflow: `${run.workflow}, version ${run.version}`,
    status: `${run.status}${run.waiting ? ", waiting" : ""}`,
    parent: run.parentId,
    begun: dateTime(run.createdAtMs),
    ended: run.endedAtMs === null ? null : dateTime(run.endedAtMs),
    steps: String(run.stepsRecorded),
    progress: progressOf(run),
    crashes: run.crashes === 0 ? null : String(run.crashes),
    "dead because": run.deadReason,
    error: run.error && `${run.error.name}: ${run.error.message}`,
    "in step": run.error?.step ?? null,
  });

const progressOf = ({ progress }: Answer<"run">): string | null =>
  progress && `${progress.done}/${progress.total} ${progress.note}`.trim();

const incidentTable = (list: Answer<"incidents">): readonly string[] =>
  list.length === 0
    ? ["No incidents"]
    : table(
        ["INCIDENT", "STATUS", "SEVERITY", "COMPONENT", "CLASS", "OPENED", "TOOK", "SUMMARY"],
        list.map((each) => [
          each.id,
          each.status,
          each.severity,
          each.component,
          each.class,
          dateTime(each.openedAtMs),
          each.endedAtMs === null ? "-" : span(each.endedAtMs - each.openedAtMs),
          each.summary,
        ]),
      );

const incidentLines = (incident: Answer<"incident">): readonly string[] => [
  ...facts({
    incident: incident.id,
    status: incident.status,
    severity: incident.severity,
    component: incident.component,
    class: incident.class,
    summary: incident.summary,
    ...(incident.why && { why: incident.why }),
    trigger: incident.trigger,
    playbook: incident.playbook,
    occurrences: String(incident.occurrences),
    opened: dateTime(incident.openedAtMs),
    ended: incident.endedAtMs === null ? null : dateTime(incident.endedAtMs),
  }),
  ...(incident.actions.length > 0
    ? [
        "",
        ...table(
          ["WHEN", "ACTION", "BY", "OUTCOME", "DETAIL"],
          incident.actions.map(({ atMs, name, by, outcome, detail }) => [
            dateTime(atMs),
            name,
            by,
            outcome,
            detail,
          ]),
        ),
      ]
    : []),
];

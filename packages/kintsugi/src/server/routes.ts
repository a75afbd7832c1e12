/** The table of routes: what is asked where, which scope it takes, and how it is answered. */

import type { IncidentStatus } from "../heal/index.ts";
import { LONGEST_NAME, LONGEST_WHY } from "./body.ts";
import { limitOf, parameters, statusOf } from "./query.ts";
import { badRequest, notFound, unlessRefused } from "./refusal.ts";
import type { Asked, Route } from "./route.ts";
import { runFilterOf } from "./run-query.ts";
import { runRoutes } from "./run-routes.ts";
import type { RuntimeForServer } from "./runtime-port.ts";

const INCIDENT_STATUSES: readonly IncidentStatus[] = [
  "opened",
  "healing",
  "verifying",
  "resolved",
  "escalated",
  "suppressed",
];

/** @param closing Aborted when the server closes: nobody waits for an answer any more. */
export function routesOf(runtime: RuntimeForServer, closing: AbortSignal): readonly Route[] {
  return [
    alive,
    readiness(runtime),
    read("/api/v1/status", () => runtime.status()),
    read("/api/v1/components", async () => ({ components: runtime.components() })),
    restart(runtime, closing),
    read("/api/v1/incidents", async ({ query }) => {
      const { status, limit, ...rest } = parameters(query, "status", "component", "limit");
      const filter = { ...rest, ...statusOf(status, INCIDENT_STATUSES), ...limitOf(limit) };
      return { incidents: await runtime.incidents(filter) };
    }),
    read("/api/v1/incidents/:id", async ({ params: { id = "" } }) =>
      found(await runtime.incident(id), `incident "${id}"`),
    ),
    read("/api/v1/runs", async ({ query }) => {
      return { runs: await unlessRefused(runtime.runs(runFilterOf(query))) };
    }),
    startRun(runtime),
    ...runRoutes(runtime, closing),
    read("/api/v1/runs/:id", async ({ params: { id = "" } }) =>
      found(await runtime.run(id), `run "${id}"`),
    ),
    read("/api/v1/trust", async () => ({ trust: await runtime.trust() })),
    read("/api/v1/playbooks", async () => ({ playbooks: runtime.playbooks() })),
  ];
}

/** That this is answered at all says that the event loop turns. */
const alive: Route = {
  method: "GET",
  path: "/healthz",
  scope: "none",
  answer: () => ({ status: 200, body: { alive: true } }),
};

const readiness = (runtime: RuntimeForServer): Route => ({
  method: "GET",
  path: "/readyz",
  scope: "none",
  answer() {
    const body = runtime.ready();
    return { status: body.ready ? 200 : 503, body };
  },
});

const read = (path: string, body: (asked: Asked) => Promise<object>): Route => ({
  method: "GET",
  path,
  scope: "read",
  answer: async (asked) => ({ status: 200, body: await body(asked) }),
});

const restart = (runtime: RuntimeForServer, closing: AbortSignal): Route => ({
  method: "POST",
  path: "/api/v1/components/:name/restart",
  scope: "operate",
  async answer({ params: { name = "" }, body, caller }) {
    const view = () => runtime.components().find((component) => component.name === name);
    found(view(), `component "${name}"`);
    const why = `${whyOf(body)} (asked for by ${caller?.name} over HTTP)`;
    await unlessRefused(runtime.restartComponent(name, why, closing));
    return { status: 200, body: found(view(), `component "${name}"`) };
  },
});

const startRun = (runtime: RuntimeForServer): Route => ({
  method: "POST",
  path: "/api/v1/runs",
  scope: "operate",
  async answer({ body }) {
    const { workflow, input, id } = runRequestOf(body);
    const options = id === undefined ? {} : { id };
    return { status: 201, body: await unlessRefused(runtime.startRun(workflow, input, options)) };
  },
});

interface RunRequest {
  readonly workflow: string;
  readonly input: unknown;
  readonly id: string | undefined;
}

function runRequestOf(body: unknown): RunRequest {
  const isMap = typeof body === "object" && body !== null && !Array.isArray(body);
  const { workflow, input, id, ...others } = isMap ? (body as Record<string, unknown>) : {};
  const isName = (text: unknown): text is string =>
    typeof text === "string" && text !== "" && text.length <= LONGEST_NAME;
  const isKnown = Object.keys(others).length === 0 && (id === undefined || isName(id));
  if (isKnown && isName(workflow)) return { workflow, input, id };
  throw badRequest(
    'The body must be { "workflow": its name, "input": any JSON, "id": text or none }',
  );
}

function whyOf(body: unknown): string {
  if (body === undefined || body === null) return "no reason was given";
  const { why, ...others } = typeof body === "object" ? (body as { why?: unknown }) : {};
  const isKnown = Object.keys(others).length === 0 && !Array.isArray(body);
  const isText = typeof why === "string" && why !== "" && why.length <= LONGEST_WHY;
  if (isKnown && isText) return why;
  throw badRequest(`The body must be { "why": text of at most ${LONGEST_WHY} characters }`);
}

function found<Thing extends object>(thing: Thing | undefined, what: string): Thing {
  if (thing) return thing;
  throw notFound(what);
}

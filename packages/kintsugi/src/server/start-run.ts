/** POST /api/v1/runs: a run is accepted, durably, before the answer goes out. */

import { KintsugiError } from "@kintsugi/policy/base";

import { badRequest, Refusal } from "./refusal.ts";
import type { Route } from "./routes.ts";
import type { RunOrder, RuntimeForServer } from "./runtime-port.ts";

/** Ids are shown in addresses and tables. */
const LONGEST_NAME = 200;

const EXPECTED = `The body must be { "workflow": name, "input"?: any JSON, "id"?: text }, names of at most ${LONGEST_NAME} characters`;

export const startRun = (runtime: RuntimeForServer): Route => ({
  method: "POST",
  path: "/api/v1/runs",
  scope: "operate",
  async answer({ body }) {
    const order = orderOf(body);
    try {
      return { status: 200, body: await runtime.startRun(order) };
    } catch (error) {
      if (!(error instanceof KintsugiError)) throw error;
      throw new Refusal(409, error.code, error.message);
    }
  },
});

function orderOf(body: unknown): RunOrder {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw badRequest(EXPECTED);
  const { workflow, input, id, ...others } = body as Readonly<Record<string, unknown>>;
  if (!isName(workflow) || Object.keys(others).length > 0) throw badRequest(EXPECTED);
  if (id === undefined) return { workflow, input };
  if (!isName(id)) throw badRequest(EXPECTED);
  return { workflow, input, id };
}

const isName = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;

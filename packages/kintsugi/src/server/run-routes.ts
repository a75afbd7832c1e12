/** What is done about runs that there are: ended, told something, taken back, replayed, given up. */

import { fieldsOf, LONGEST_NAME, LONGEST_WHY, stepField, textField } from "./body.ts";
import { badRequest, notFound, unlessRefused } from "./refusal.ts";
import type { Asked, Route } from "./route.ts";
import { letterFilterOf } from "./run-query.ts";
import type { RuntimeForServer } from "./runtime-port.ts";
import { shownValue } from "./shown-value.ts";

/** Letters that one request replays at most: whoever has more asks again, with what was answered. */
const MOST_REPLAYS = 100;

export function runRoutes(runtime: RuntimeForServer, closing: AbortSignal): readonly Route[] {
  return [...deedRoutes(runtime), ...letterRoutes(runtime, closing)];
}

function deedRoutes(runtime: RuntimeForServer): readonly Route[] {
  return [
    deed("/api/v1/runs/:id/cancel", async ({ params: { id = "" }, body }) => {
      fieldsOf(body, "{}");
      return runtime.cancelRun(id);
    }),
    deed("/api/v1/runs/:id/signal", async ({ params: { id = "" }, body }) => {
      const shape = '{ "name": text, "payload": any JSON }';
      const { name, payload } = fieldsOf(body, shape, "name", "payload");
      return runtime.signalRun(id, textField(name, shape, LONGEST_NAME), payload);
    }),
    deed("/api/v1/runs/:id/rewind", async ({ params: { id = "" }, body }) => {
      const shape = '{ "fromStep": number or name of a step }';
      const { fromStep } = fieldsOf(body, shape, "fromStep");
      return runtime.rewindRun(id, { fromStep: stepField(fromStep, shape) });
    }),
    deed(
      "/api/v1/runs/:id/fork",
      async ({ params: { id = "" }, body }) => {
        const shape = '{ "fromStep": number or name of a step, "id": text or none }';
        const { fromStep, id: forkId } = fieldsOf(body, shape, "fromStep", "id");
        return runtime.forkRun(id, {
          fromStep: stepField(fromStep, shape),
          ...(forkId !== undefined && { id: textField(forkId, shape, LONGEST_NAME) }),
        });
      },
      201,
    ),
  ];
}

function letterRoutes(runtime: RuntimeForServer, closing: AbortSignal): readonly Route[] {
  const { deadLetters } = runtime;
  const viewOf = async (id: string): Promise<object> => {
    const run = await runtime.run(id);
    if (run) return run;
    throw notFound(`run "${id}"`);
  };
  return [
    read("/api/v1/dead-letters", async ({ query }) => ({
      deadLetters: await deadLetters.list(letterFilterOf(query)),
    })),
    read("/api/v1/dead-letters/:id", async ({ params: { id = "" } }) => {
      const letter = await deadLetters.get(id);
      if (!letter) throw notFound(`dead letter "${id}"`);
      return { ...letter, input: shownValue(letter.input) };
    }),
    deed("/api/v1/dead-letters/replay", ({ body }) => replayAll(runtime, body, closing)),
    deed("/api/v1/dead-letters/:id/replay", async ({ params: { id = "" }, body }) => {
      const shape = '{ "fromStep": number or name of a step, or none }';
      const { fromStep } = fieldsOf(body, shape, "fromStep");
      const from = fromStep === undefined ? {} : { fromStep: stepField(fromStep, shape) };
      await deadLetters.replay(id, from);
      return viewOf(id);
    }),
    deed("/api/v1/dead-letters/:id/discard", async ({ params: { id = "" }, body, caller }) => {
      const shape = `{ "why": text of at most ${LONGEST_WHY} characters }`;
      const why = textField(fieldsOf(body, shape, "why")["why"], shape, LONGEST_WHY);
      await deadLetters.discard(id, `${why} (asked for by ${caller?.name} over HTTP)`);
      return viewOf(id);
    }),
  ];
}

async function replayAll(
  { deadLetters }: RuntimeForServer,
  body: unknown,
  signal: AbortSignal,
): Promise<object> {
  const shape =
    '{ "workflow", "queue", "after": text, "sinceMs", "untilMs": epoch milliseconds,' +
    ` "limit": 1 to ${MOST_REPLAYS}, "perSecond": number }, all of them or none`;
  const texts = ["workflow", "queue", "after"] as const;
  const numbers = ["sinceMs", "untilMs", "limit", "perSecond"] as const;
  const fields = fieldsOf(body, shape, ...texts, ...numbers);
  const isText = (name: string): boolean => texts.some((each) => each === name);
  for (const [name, value] of Object.entries(fields)) {
    const isFit = isText(name) ? typeof value === "string" : Number.isFinite(value);
    if (!isFit) throw badRequest(`The body must be ${shape}`);
  }
  const { limit = MOST_REPLAYS, perSecond = 10, ...filter } = fields as Record<string, never>;
  const isLimit = Number.isInteger(limit) && limit >= 1 && limit <= MOST_REPLAYS;
  if (!isLimit || perSecond < 1 || perSecond > 1_000) throw badRequest(`The body must be ${shape}`);
  return deadLetters.replayAll(filter, { limit, perSecond, signal });
}

const read = (path: string, body: (asked: Asked) => Promise<object>): Route => ({
  method: "GET",
  path,
  scope: "read",
  answer: async (asked) => ({ status: 200, body: await unlessRefused(body(asked)) }),
});

const deed = (path: string, body: (asked: Asked) => Promise<object>, status = 200): Route => ({
  method: "POST",
  path,
  scope: "operate",
  answer: async (asked) => ({ status, body: await unlessRefused(body(asked)) }),
});

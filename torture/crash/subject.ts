/**
 * The program under torture: a store, an engine and one workflow that does what its input says. Every
 * step gets its result from the ledger, which lives in the driver and is never killed.
 */

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, systemRandom } from "@kintsugi/policy/base";
import { openSqliteStore, type Store, StoreUnusableError } from "kintsugi/store";
import {
  defineWorkflow,
  type Engine,
  EngineStoppedError,
  embeddedEngine,
  type RunHandle,
  RunStatusError,
  type Workflow,
  type WorkflowContext,
  workflowTables,
} from "kintsugi/workflow";

import { brokenJournals } from "./broken.ts";
import type { Plan } from "./plan.ts";
import { type Errand, linesOf, type Orders, type ToDriver, type ToProgram } from "./wire.ts";

/** How long a step waits between its attempts. */
const RETRY_MS = 1;

/** How long a program waits before it tries again to get a folder that somebody has. */
const WAIT_MS = 10;

const orders = JSON.parse(process.argv[2] ?? "") as Orders;
const broken = orders.broken === null ? {} : (brokenJournals.get(orders.broken) ?? {});

// --- the ledger, from here ---------------------------------------------------------------------

type Answer = ToProgram & { readonly kind: "answer" };

const socket = connect({ host: "127.0.0.1", port: orders.port, noDelay: true });
const answers = new Map<number, (answer: Answer) => void>();
let asked = 0;

const tell = (line: ToDriver): void => void socket.write(`${JSON.stringify(line)}\n`);

/** Does the effect. @throws when the ledger refuses it; the text carries the nonce of the refusal. */
async function effect(told: Omit<ToDriver & { readonly kind: "effect" }, "kind" | "id">) {
  const id = ++asked;
  const answer = await new Promise<Answer>((resolve) => {
    answers.set(id, resolve);
    tell({ kind: "effect", id, ...told });
  });
  if (answer.isRefused) throw new Error(`refused: ${answer.nonce}`);
  return answer.nonce;
}

// --- the workflow ------------------------------------------------------------------------------

/** Gives the nonces in hand at the end of the plan. */
async function follow(
  ctx: WorkflowContext,
  root: string,
  plan: Plan,
  before: readonly string[],
): Promise<readonly string[]> {
  let inHand = before;
  for (const piece of plan) {
    const quotes = inHand;
    switch (piece.kind) {
      case "step":
        inHand = [await step(ctx, root, piece.name, piece.attempts, quotes)];
        break;
      case "parallel": {
        const branches = piece.branches.map((branch) => () => follow(ctx, root, branch, quotes));
        inHand = (await ctx.all(branches)).flat();
        break;
      }
      case "race": {
        const branches = piece.branches.map(
          (branch) => (side: WorkflowContext) => follow(side, root, branch, quotes),
        );
        inHand = await ctx.race(branches);
        break;
      }
      case "sleep":
        await ctx.sleep(piece.ms);
        break;
      case "signal":
        inHand = [...quotes, String(await ctx.waitFor(piece.name))];
        break;
      case "value":
        inHand = [...quotes, await ctx.uuid()];
        break;
      case "child":
        inHand = await ctx.child(errand, { root, plan: piece.plan, inHand: quotes });
        break;
    }
  }
  return inHand;
}

async function step(
  ctx: WorkflowContext,
  run: string,
  name: string,
  maxAttempts: number,
  quotes: readonly string[],
): Promise<string> {
  try {
    return await ctx.step(
      name,
      ({ attempt, idempotencyKey }) =>
        effect({ run, step: name, attempt, key: idempotencyKey, quotes }),
      { maxAttempts, retryDelay: RETRY_MS },
    );
  } catch (error) {
    const [, nonce] = /^refused: (\S+)$/.exec(error instanceof Error ? error.message : "") ?? [];
    if (nonce === undefined) throw error;
    return nonce; // That it failed is a result as well.
  }
}

const errand: Workflow<Errand, readonly string[]> = defineWorkflow(
  "errand",
  (ctx: WorkflowContext, { root, plan, inHand }: Errand): Promise<readonly string[]> =>
    follow(broken.context?.(ctx) ?? ctx, root, plan, inHand),
);

// --- what the driver asks for ------------------------------------------------------------------

async function obey(engine: Engine, line: ToProgram): Promise<void> {
  switch (line.kind) {
    case "submit": {
      const { run } = line;
      const handle = await engine.run(errand, line.errand, { id: run });
      tell({ kind: "accepted", run });
      await followEnd(engine, handle);
      return;
    }
    case "signal":
      await pass(engine, line.run, line.name, line.nonce);
      return;
    case "cancel": {
      const { run } = line;
      await (await engine.handle(run))?.cancel();
      await show(engine, run);
      tell({ kind: "cancelled", run });
      return;
    }
    case "ask": {
      const { run } = line;
      const handle = await engine.handle(run);
      await show(engine, run);
      if (handle) await followEnd(engine, handle);
      return;
    }
    case "answer":
      answers.get(line.id)?.(line);
      answers.delete(line.id);
      return;
    case "stop":
      return;
  }
}

async function show(engine: Engine, run: string): Promise<void> {
  const view = await engine.get(run);
  const why = view?.error ? `${view.error.name}: ${view.error.message}` : "it does not say why";
  const [status, crashes] = [view?.status ?? "unknown", view?.crashes ?? 0];
  tell({ kind: "seen", run, status, crashes, why });
}

/** Tells how a run ends, when it does. */
async function followEnd(engine: Engine, handle: RunHandle<unknown>): Promise<void> {
  const run = handle.id;
  try {
    tell({ kind: "ended", run, result: (await handle.result()) as readonly string[] });
  } catch (error) {
    if (error instanceof EngineStoppedError) return; // That is what was asked for.
    await show(engine, run);
  }
}

async function pass(engine: Engine, run: string, name: string, nonce: string): Promise<void> {
  const handle = await engine.handle(run);
  if (!handle) return;
  try {
    await handle.signal(name, nonce);
  } catch (error) {
    if (!(error instanceof RunStatusError)) throw error; // It has ended, and so it had the signal.
  }
  tell({ kind: "signalled", run, name });
}

// --- its life ----------------------------------------------------------------------------------

/** Opens the store, as soon as nobody else has it. */
async function openWhenFree(): Promise<Store> {
  const { file, durability } = orders;
  const options = { file, durability, tables: workflowTables, clock: systemClock };
  for (let isTold = false; ; isTold = true) {
    try {
      return await openSqliteStore(broken.open?.(options) ?? options);
    } catch (error) {
      const isTaken = error instanceof StoreUnusableError && /open in another/.test(error.message);
      if (!isTaken) throw error;
      if (!isTold) tell({ kind: "waits" });
      await sleep(WAIT_MS);
    }
  }
}

/** An end that the driver did not ask for: it finds the reason among the last words. */
function die(error: unknown): void {
  console.error(error instanceof Error ? error.stack : error);
  process.exit(70);
}

process.on("unhandledRejection", die);
socket.on("error", die);
socket.on("close", () => process.exit(71)); // The driver is gone.

tell({ kind: "hello", life: orders.life });
const opened = await openWhenFree();
tell({ kind: "owns" });
const store = broken.store?.(opened, orders.seed) ?? opened;
const engine = embeddedEngine({
  store,
  clock: systemClock,
  random: systemRandom,
  onFatal: die,
});
engine.register(errand);

const hear = async (line: ToProgram): Promise<void> => {
  if (line.kind !== "stop") {
    await obey(engine, line);
    return;
  }
  await engine.stop();
  await store.close();
  process.exit(0);
};
socket.setEncoding("utf8");
socket.on(
  "data",
  linesOf<ToProgram>((line) => {
    hear(line).catch((error: unknown) => {
      if (!(error instanceof EngineStoppedError)) die(error);
    });
  }),
);
await engine.start();
tell({ kind: "ready" });

/** What a user's first program does with the package as it is published: the same in Node and on a page. */

import {
  Bulkhead,
  CircuitBreaker,
  type CircuitState,
  pipeline,
  ResilientExecutorFactory,
  RetryPolicy,
  TimeoutPolicy,
} from "@kintsugi/policy";
import { createClassifier } from "@kintsugi/policy/classify";

export interface Smoke {
  readonly answer: string;
  readonly attempts: number;
  readonly timedOut: string;
  readonly signalReason: string;
  readonly circuit: CircuitState["kind"];
  readonly refused: string;
  readonly source: string | undefined;
  readonly errorClass: string;
}

export async function smoke(): Promise<Smoke> {
  const circuit = new CircuitBreaker({ name: "search", failureThreshold: 3 });
  const guarded = pipeline(
    new RetryPolicy({ maxAttempts: 3, initialDelayMs: 1 }),
    circuit,
    new Bulkhead({ name: "search", maxConcurrent: 10 }),
    new TimeoutPolicy({ timeoutMs: 30, exact: true }),
  );
  let attempts = 0;
  const answer = await guarded.execute(async ({ attempt }) => {
    attempts = attempt;
    if (attempt < 3) throw new TypeError("fetch failed");
    return "found";
  });
  let signal: AbortSignal | undefined;
  const timedOut = await guarded
    .execute((context) => {
      ({ signal } = context);
      return new Promise<string>(() => {});
    })
    .catch(nameOf);
  const refused = await guarded.execute(() => "never").catch(nameOf);
  const executor = ResilientExecutorFactory.forAPI("weather", () => "as yesterday");
  const result = await executor.execute(() => {
    throw Object.assign(new Error("Not today"), { status: 401 });
  });
  return {
    answer,
    attempts,
    timedOut,
    signalReason: nameOf(signal?.reason),
    circuit: circuit.state.kind,
    refused,
    source: result.success ? result.source : undefined,
    errorClass: createClassifier().classify(new TypeError("fetch failed")).class,
  };
}

const nameOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : "no error");

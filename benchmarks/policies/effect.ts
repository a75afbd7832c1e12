/** Effect's own unit is no promise, so each call runs an effect of its own, as a program of promises would. */

import { Effect, Schedule, Scope, Semaphore } from "effect";
import { CircuitBreaker } from "effect/persistence";

import { type CallSettings, contestWay, type Way, type Work } from "./measure.ts";

const waits = Schedule.exponential("100 millis");
const retries = { times: 3, schedule: waits } as const;

type Trip = Parameters<typeof CircuitBreaker.make>[0]["tripPolicy"];

const circuitOf = (tripPolicy: Trip) =>
  Effect.runPromise(
    CircuitBreaker.make({ tripPolicy, openDuration: "1 hour" }).pipe(
      Effect.provideService(Scope.Scope, Scope.makeUnsafe()),
      Effect.provide(CircuitBreaker.layerStoreMemory()),
    ),
  );

const effectOf = (work: Work) => Effect.tryPromise((signal) => work({ signal }));

async function wayOf({ case: name, what }: CallSettings): Promise<Way> {
  if (what === "refusal") return refusing();
  const circuit = await circuitOf(CircuitBreaker.rate({ size: 100, minimumCalls: 20 }));
  const slots = Semaphore.makeUnsafe(1_000_000);
  switch (name) {
    case "retry":
      return (work) => Effect.runPromise(Effect.retry(effectOf(work), retries));
    case "breaker":
      return (work) => Effect.runPromise(effectOf(work).pipe(circuit.execute({ key: "one" })));
    case "timeout aggressive":
      return (work) => Effect.runPromise(Effect.timeout(effectOf(work), "1 second"));
    case "retry + breaker + timeout + bulkhead":
      return (work, signal) =>
        Effect.runPromise(
          effectOf(work).pipe(
            Effect.timeout("1 second"),
            slots.withPermits(1),
            circuit.execute({ key: "one" }),
            Effect.retry(retries),
          ),
          signal && { signal },
        );
    default:
      throw new Error(`There is no case "${name}"`);
  }
}

async function refusing(): Promise<Way> {
  const circuit = await circuitOf(CircuitBreaker.consecutive(1));
  const run: Way = (work) =>
    Effect.runPromise(effectOf(work).pipe(circuit.execute({ key: "one" })));
  let calls = 0;
  const down: Work = async () => {
    calls += 1;
    throw new Error("It is down");
  };
  for (const _ of ["opens it", "is refused"]) await run(down).catch(() => {});
  if (calls !== 1) throw new Error("The circuit is not open");
  return run;
}

await contestWay(wayOf);

import {
  CircuitBreaker,
  FallbackPolicy,
  type Policy,
  pipeline,
  ResilientExecutor,
  RetryPolicy,
  TimeoutPolicy,
} from "@kintsugi/policy";

import { type CallSettings, contestWay, type Way } from "./measure.ts";

const retry = (): Policy => new RetryPolicy({ maxAttempts: 4 });
const timeout = (): Policy => new TimeoutPolicy({ timeoutMs: 1_000 });
const breaker = (): CircuitBreaker =>
  new CircuitBreaker({ name: "dependency", failureThreshold: 5, timeout: 10_000 });

const policies: Readonly<Record<string, () => Policy<unknown>>> = {
  retry,
  breaker,
  "timeout aggressive": timeout,
  "timeout cooperative": () => new TimeoutPolicy({ timeoutMs: 1_000, mode: "cooperative" }),
  fallback: () => new FallbackPolicy({ sources: [{ name: "cache", answer: () => 0 }] }),
  "breaker + timeout": () => pipeline(breaker(), timeout()),
  "retry + breaker + timeout": () => pipeline(retry(), breaker(), timeout()),
};

async function wayOf({ case: name, what }: CallSettings): Promise<Way> {
  if (what === "refusal") return refusing(name);
  if (name === "executor") {
    const executor = new ResilientExecutor({
      name: "dependency",
      retry: { maxAttempts: 4 },
      circuitBreaker: { failureThreshold: 5, timeout: 10_000 },
      timeout: 1_000,
    });
    return (work) => executor.execute(work);
  }
  const policy = policies[name]?.();
  if (!policy) throw new Error(`There is no case "${name}"`);
  return (work) => policy.execute(work);
}

/** Behind a circuit that is open and stays so. */
async function refusing(name: string): Promise<Way> {
  const circuit = { failureThreshold: 1, timeout: 1_000_000_000 };
  const down = async (): Promise<number> => {
    throw new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
  };
  if (name === "executor") {
    const executor = new ResilientExecutor({ name: "dependency", circuitBreaker: circuit });
    await executor.execute(down);
    const second = await executor.execute(down);
    if (second.success || second.attempts > 0) throw new Error("The circuit is not open");
    return (work) => executor.execute(work);
  }
  const open = new CircuitBreaker({ name: "dependency", ...circuit });
  await open.execute(down).catch(() => {}); // Opens it.
  if (open.state.kind !== "open") throw new Error(`The circuit is ${open.state.kind}`);
  return (work) => open.execute(work);
}

await contestWay(wayOf);

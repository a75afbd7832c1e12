import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  fallback,
  handleAll,
  type IDefaultPolicyContext,
  type IPolicy,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";

import { type CallSettings, contestWay, type Way } from "./measure.ts";

const retries = (): IPolicy =>
  retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() });
const breaker = (): IPolicy =>
  circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
const aggressive = (): IPolicy => timeout(1_000, TimeoutStrategy.Aggressive);
/** As cheap as its timeout can be: it leaves out an abort that each success would pay for. */
const lean = (): IPolicy =>
  timeout(1_000, { strategy: TimeoutStrategy.Cooperative, abortOnReturn: false });

const policies: Readonly<Record<string, () => IPolicy<IDefaultPolicyContext, unknown>>> = {
  retry: retries,
  breaker,
  "timeout aggressive": aggressive,
  "timeout cooperative": () => timeout(1_000, TimeoutStrategy.Cooperative),
  "timeout lean": lean,
  fallback: () => fallback(handleAll, () => 0),
  "breaker + timeout": () => wrap(breaker(), aggressive()),
  "retry + breaker + timeout": () => wrap(retries(), breaker(), aggressive()),
  "retry + breaker + timeout lean": () => wrap(retries(), breaker(), lean()),
};

async function wayOf({ case: name, what }: CallSettings): Promise<Way> {
  if (what === "refusal") return refusing();
  const policy = policies[name]?.();
  if (!policy) throw new Error(`There is no case "${name}"`);
  return (work) => policy.execute(work);
}

async function refusing(): Promise<Way> {
  const open = circuitBreaker(handleAll, {
    halfOpenAfter: 1_000_000_000,
    breaker: new ConsecutiveBreaker(1),
  });
  const down = (): never => {
    throw new Error("It is down");
  };
  await open.execute(down).catch(() => {}); // Opens it.
  if (open.state !== CircuitState.Open) throw new Error("The circuit is not open");
  return (work) => open.execute(work);
}

await contestWay(wayOf);

import {
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  circuitBreaker,
  ExponentialBackoff,
  fallback,
  handleAll,
  type IBreaker,
  type IDefaultPolicyContext,
  type IPolicy,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from "cockatiel";

import { type CallSettings, contestWay, type Way } from "./measure.ts";

const retries = (): IPolicy =>
  retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() });
const circuit = (breaker: IBreaker): IPolicy =>
  circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker });
const count = (): IPolicy =>
  circuit(new CountBreaker({ threshold: 0.5, size: 100, minimumNumberOfCalls: 20 }));
const aggressive = (): IPolicy => timeout(1_000, TimeoutStrategy.Aggressive);
const cooperative = (): IPolicy => timeout(1_000, TimeoutStrategy.Cooperative);
/** As cheap as its timeout can be: it leaves out an abort that each success would pay for. */
const lean = (): IPolicy =>
  timeout(1_000, { strategy: TimeoutStrategy.Cooperative, abortOnReturn: false });
const slots = (): IPolicy => bulkhead(1_000_000, 0);

const WHOLE = "retry + breaker + timeout + bulkhead";

const policies: Readonly<Record<string, () => IPolicy<IDefaultPolicyContext, unknown>>> = {
  retry: retries,
  breaker: count,
  "consecutive breaker": () => circuit(new ConsecutiveBreaker(5)),
  "timeout aggressive": aggressive,
  "timeout cooperative": cooperative,
  "timeout lean": lean,
  bulkhead: slots,
  fallback: () => fallback(handleAll, () => 0),
  [WHOLE]: () => wrap(retries(), count(), aggressive(), slots()),
  [`${WHOLE}, cooperative`]: () => wrap(retries(), count(), cooperative(), slots()),
  [`${WHOLE}, lean`]: () => wrap(retries(), count(), lean(), slots()),
  [`${WHOLE}, time window`]: () =>
    wrap(
      retries(),
      circuit(new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 5 })),
      aggressive(),
      slots(),
    ),
};

async function wayOf({ case: name, what, calls = 0 }: CallSettings): Promise<Way> {
  if (what === "refusal") return refusing();
  if (what === "failed") {
    const wide = circuit(new CountBreaker({ threshold: 0.99, size: calls }));
    return (work) => wide.execute(work);
  }
  const policy = policies[name]?.();
  if (!policy) throw new Error(`There is no case "${name}"`);
  return (work, parent) => policy.execute(work, parent);
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

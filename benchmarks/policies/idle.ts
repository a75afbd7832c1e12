/** What 10,000 pipelines cost that nobody uses: a program may have one for each host or tenant. */

import {
  Bulkhead,
  CircuitBreaker,
  type Pipeline,
  type Policy,
  pipeline,
  RetryPolicy,
  TimeoutPolicy,
} from "@kintsugi/policy";
import * as cockatiel from "cockatiel";
import Opossum from "opossum";

import { contest } from "../harness/contestant.ts";
import { ownCpuMs } from "../harness/process-time.ts";

const COUNT = 10_000;
const WATCHED_MS = { full: 600, quick: 200 } as const;

type Work = () => Promise<number>;
const answer: Work = async () => 1;

/** One more, and one call of it. */
interface Maker<P> {
  make(): P;
  use(made: P): Promise<unknown>;
}

const maker = <P>(make: () => P, use: (made: P) => Promise<unknown>): Maker<unknown> => ({
  make,
  use: (made) => use(made as P), // As it made it.
});

const ours = (...more: readonly Policy[]): Pipeline =>
  pipeline(
    new RetryPolicy({ maxAttempts: 4 }),
    new CircuitBreaker({ name: "dependency" }),
    ...more,
    new TimeoutPolicy({ timeoutMs: 1_000 }),
  );

const { ConsecutiveBreaker, circuitBreaker, handleAll, retry, timeout, wrap } = cockatiel;

const makers: Readonly<Record<string, Maker<unknown>>> = {
  kintsugi: maker(ours, (made) => made.execute(answer)),
  "kintsugi, with a bulkhead": maker(
    () => ours(new Bulkhead({ name: "dependency" })),
    (made) => made.execute(answer),
  ),
  cockatiel: maker(
    () =>
      wrap(
        retry(handleAll, { maxAttempts: 3, backoff: new cockatiel.ExponentialBackoff() }),
        circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
        timeout(1_000, cockatiel.TimeoutStrategy.Aggressive),
      ),
    (made) => made.execute(answer),
  ),
  opossum: maker(
    () => new Opossum((work: Work) => work()),
    (made) => made.fire(answer),
  ),
};

await contest<{ readonly case: string; readonly quick: number }>(async (settings) => {
  const found = makers[settings.case];
  if (!found) throw new Error(`There is no case "${settings.case}"`);
  const { make, use } = found;
  for (let made = 0; made < 100; made += 1) await use(make()); // What all of them share.
  await pause(100); // Their timers are over.
  const before = held();
  const kept = new Array<unknown>(COUNT);
  for (let made = 0; made < COUNT; made += 1) kept[made] = make();
  const idleBytes = (held() - before) / COUNT;
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const cpuBeforeMs = ownCpuMs();
  const watchedMs = WATCHED_MS[settings.quick ? "quick" : "full"];
  await pause(watchedMs);
  const idleCpu = ((ownCpuMs() - cpuBeforeMs) / watchedMs) * 100;
  kept.length = 0; // So long all of them were held.
  return { idleBytes, timers, idleCpu };
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function held(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

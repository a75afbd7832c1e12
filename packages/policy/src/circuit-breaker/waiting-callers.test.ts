/** Callers that wait for a place at a circuit that has few. */

import { describe, expect, it, vi } from "vitest";
import { Bulkhead } from "../bulkhead/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import type { CircuitBreakerOptions } from "./circuit-breaker.ts";
import { hang, up } from "./fixtures/calls.ts";
import { shortCircuit } from "./fixtures/short-circuit.ts";

/** Half-open with its trials under way, which hang; `wait` makes a caller come. */
async function setup(options: Partial<CircuitBreakerOptions> = {}) {
  const circuit = shortCircuit({ halfOpenCallers: "wait", leaseMs: 300, ...options });
  await circuit.halfOpen();
  void circuit.breaker.execute(hang);
  const answers: string[] = [];
  const wait = (name: string, signal?: AbortSignal): void => {
    const call = circuit.breaker.execute(up, signal);
    call.then(
      () => answers.push(name),
      (error: Error) => answers.push(`${name}: ${error.message}`),
    );
  };
  return { ...circuit, wait, answers };
}

describe("a caller that waits for a place", () => {
  it("gets the first that becomes free, of several calls that hang", async () => {
    const { breaker, clock, wait, answers } = await setup({ successThreshold: 2 });
    await clock.advance(100);
    void breaker.execute(hang);
    wait("one");
    await clock.advance(199);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual(["one"]);
  });

  it("is called in when the one before it has left", async () => {
    const { clock, wait, answers } = await setup();
    const user = new AbortController();
    wait("one", user.signal);
    wait("two");
    user.abort(new Error("user left"));
    await clock.advance(300);
    expect(answers).toEqual(["one: user left", "two"]);
  });

  it("is not overtaken by who comes at the moment when a place becomes free", async () => {
    const { breaker, clock, wait, answers } = await setup({ successThreshold: 1, rampCalls: 0 });
    const made: string[] = [];
    clock.after(300, () => {
      void breaker.execute(() => {
        made.push("late");
        return hang();
      });
      made.push(...answers);
    });
    const early = breaker.execute(() => {
      made.push("early");
    });
    wait("another");
    await clock.advance(300);
    await early;
    expect(made[0]).toBe("early");
  });

  it("on a ramp gets the place of a call that hangs, when its lease is over", async () => {
    const circuit = shortCircuit({ halfOpenCallers: "wait", leaseMs: 300 });
    const { breaker, clock } = circuit;
    await circuit.halfOpen();
    await breaker.execute(up);
    expect(breaker.state).toMatchObject({ kind: "closed", ramp: { successes: 1 } });
    void breaker.execute(hang);
    const waiting = breaker.execute(up);
    await clock.advance(300);
    await expect(waiting).resolves.toBe("pong");
    expect(clock.pending).toBe(0);
  });

  it("makes no call when it leaves in the moment in which it is called in, and gives the place back", async () => {
    const { breaker, wait, answers } = await setup();
    const user = new AbortController();
    wait("one", user.signal);
    breaker.configure({ successThreshold: 2 }); // One more place: it is called in.
    user.abort(new Error("user left"));
    await vi.waitFor(() => expect(answers).toEqual(["one: user left"]));
    expect(breaker.stats()).toMatchObject({ ignored: 1, successes: 0 });
    await expect(breaker.execute(up)).resolves.toBe("pong");
  });

  it("leaves no timer once it is called in, while its call runs", async () => {
    const { breaker, clock } = await setup();
    void breaker.execute(hang);
    await clock.advance(300);
    expect(breaker.stats().waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("waits for the trial that is left, where another has lost its place to new thresholds", async () => {
    const { breaker, clock, wait, answers } = await setup({ successThreshold: 2, rampCalls: 0 });
    await clock.advance(100);
    void breaker.execute(hang);
    breaker.configure({ successThreshold: 1 });
    await clock.advance(200); // The first has hung for too long, and there is one place in all.
    wait("one");
    await clock.advance(99);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual(["one"]);
  });

  it("waits no longer, and with no more of them, than new thresholds say", async () => {
    const { breaker, clock, wait, answers } = await setup({ leaseMs: 9_000 });
    wait("one");
    breaker.configure({ maxQueue: 2, queueTimeoutMs: 50 });
    wait("two");
    await expect(breaker.execute(up)).rejects.toThrow('Circuit "db" is open');
    await clock.advance(50);
    expect(answers).toEqual(['two: Circuit "db" is open']);
  });
});

it("a caller that has waited for a slot still has its time in all from its first attempt on", async () => {
  const { breaker, clock } = shortCircuit({
    window: "count",
    failureThreshold: 9,
    slowCallMs: 5_000,
  });
  const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: 1, clock });
  const retry = new RetryPolicy({ maxTotalMs: 10_000, maxAttempts: 2, clock });
  const slot = Promise.withResolvers<void>();
  void bulkhead.execute(() => slot.promise);
  const call = vi.fn(() => Promise.reject({ status: 503, headers: { "retry-after": "3" } }));
  const running = pipeline(retry, bulkhead, breaker).execute(call);
  await clock.advance(8_000);
  slot.resolve();
  await expect(running).rejects.toMatchObject({ status: 503 }); // After 11 seconds nobody would wait.
  expect(call).toHaveBeenCalledOnce();
});

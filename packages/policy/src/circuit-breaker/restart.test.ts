/** A circuit that an earlier process has stored. */

import { describe, expect, it } from "vitest";

import type { CircuitBreakerOptions } from "./circuit-breaker.ts";
import type { StoredCircuit } from "./circuit-state.ts";
import { hang, up } from "./fixtures/calls.ts";
import { shortCircuit } from "./fixtures/short-circuit.ts";

/** The next process, with what this one has stored as text. */
function restarted(
  before: ReturnType<typeof shortCircuit>,
  options: Partial<CircuitBreakerOptions>,
): ReturnType<typeof shortCircuit> {
  const initialState = JSON.parse(JSON.stringify(before.breaker)) as StoredCircuit;
  return shortCircuit({ ...options, clock: before.clock, initialState });
}

describe("a circuit after a restart", () => {
  it("has counted the failures that it had counted", async () => {
    const before = shortCircuit({ failureThreshold: 2 });
    await before.fail();
    const { breaker, fail } = restarted(before, { failureThreshold: 2 });
    expect(breaker.state).toMatchObject({ kind: "closed", failures: 1 });
    await fail();
    expect(breaker.state.kind).toBe("open");
  });

  it("stands where it stood on its ramp, without the calls that ran", async () => {
    const options = { successThreshold: 2, rampCalls: 4 };
    const before = shortCircuit(options);
    await before.halfOpen();
    await before.breaker.execute(up);
    await before.breaker.execute(up);
    void before.breaker.execute(hang);
    const { breaker } = restarted(before, options);
    void breaker.execute(hang);
    void breaker.execute(hang);
    await expect(breaker.execute(up)).rejects.toMatchObject({ retryAfterMs: 0 });
    expect(restarted(before, {}).breaker.toJSON()).toEqual({
      kind: "closed",
      epoch: 3,
      failures: 0,
    });
  });

  it("is open for longer after a failed trial, as it would have been without", async () => {
    const options = { openMultiplier: 2, successThreshold: 2 };
    const before = shortCircuit(options);
    await before.halfOpen();
    await before.fail();
    await before.clock.advance(2_000);
    await before.breaker.execute(up);
    expect(before.breaker.state.kind).toBe("half-open");
    const { breaker, fail } = restarted(before, options);
    await fail();
    expect(breaker.stats().retryAfterMs).toBe(4_000);
  });

  it("waits for its trial also where an older version has not told when it had opened", async () => {
    const { clock, ...before } = shortCircuit();
    await before.open();
    const { kind, epoch, trialAtMs } = before.breaker.toJSON() as StoredCircuit & { kind: "open" };
    const initialState = { kind, epoch, trialAtMs } as const;
    const { breaker } = shortCircuit({ clock, initialState });
    expect(breaker.state).toMatchObject({ openedMs: 0, untilMs: 1_000, openings: 1 });
    clock.jump(-5_000);
    const later = shortCircuit({ clock, initialState });
    expect(later.breaker.stats().retryAfterMs).toBe(1_000);
  });

  it("that was half-open counts one opening where an older version has told none", async () => {
    const initialState = { kind: "half-open", epoch: 2, successes: 0 } as const;
    const { breaker, fail } = shortCircuit({ openMultiplier: 2, initialState });
    await fail();
    expect(breaker.stats().retryAfterMs).toBe(2_000);
  });
});

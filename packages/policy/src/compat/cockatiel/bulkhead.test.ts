import { describe, expect, it, vi } from "vitest";

import { BulkheadRejectedError, TaskCancelledError } from "./errors.ts";
import { bulkhead, timeout } from "./factories.ts";
import { held } from "./fixtures/circuits.ts";
import { fakedTime } from "./fixtures/faked-time.ts";
import { TimeoutStrategy } from "./timeout.ts";
import { wrap } from "./wrap.ts";

/** Calls that note when they begin and end. */
function noted(count: number) {
  const order: string[] = [];
  const calls = Array.from({ length: count }, (_, index) => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const call = async (): Promise<number> => {
      order.push(`${index} in`);
      const value = await promise;
      order.push(`${index} out`);
      return value;
    };
    return { call, end: () => resolve(index) };
  });
  return { order, calls };
}

describe("a bulkhead", () => {
  it("turns away who finds no slot", async () => {
    const policy = bulkhead(2);
    const rejected = vi.fn();
    policy.onReject(rejected);
    const { order, calls } = noted(3);
    const [first, second, third] = calls.map(({ call }) => policy.execute(call));
    await expect(third).rejects.toBeInstanceOf(BulkheadRejectedError);
    expect(rejected).toHaveBeenCalledOnce();
    for (const { end } of calls) end();
    await expect(Promise.all([first, second])).resolves.toEqual([0, 1]);
    expect(order).toEqual(["0 in", "1 in", "0 out", "1 out"]);
  });

  it("keeps a queue, and turns away who finds it full", async () => {
    const policy = bulkhead(1, 2);
    const { order, calls } = noted(4);
    const ends = calls.map(({ call }) => policy.execute(call));
    await expect(ends[3]).rejects.toThrow(
      "Bulkhead capacity exceeded (0/1 execution slots, 0/2 available)",
    );
    for (const { end } of calls) end();
    await expect(Promise.all(ends.slice(0, 3))).resolves.toEqual([0, 1, 2]);
    expect(order).toEqual(["0 in", "0 out", "1 in", "1 out", "2 in", "2 out"]);
  });

  it("says how much room there is", async () => {
    const policy = bulkhead(2, 2);
    const room = (): readonly number[] => [policy.executionSlots, policy.queueSlots];
    const seen = [room()];
    const calls = Array.from({ length: 4 }, () => held<void>());
    const ends = calls.map(({ call }) => {
      const end = policy.execute(call);
      seen.push(room());
      return end;
    });
    for (const [index, { resolve }] of calls.entries()) {
      resolve();
      await ends[index];
      seen.push(room());
    }
    expect(seen).toEqual([
      [2, 2],
      [1, 2],
      [0, 2],
      [0, 1],
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
  });

  it("hands on the signal of each caller, however many wait", async () => {
    const policy = bulkhead(1, Infinity);
    const seen = Array.from({ length: 5 }, () => {
      const controller = new AbortController();
      return policy.execute(async ({ signal }) => {
        await Promise.resolve();
        const before = signal.aborted;
        controller.abort();
        return [before, signal.aborted];
      }, controller.signal);
    });
    expect(await Promise.all(seen)).toEqual(seen.map(() => [false, true]));
  });

  it("makes no call for who has given up already, or in the queue", async () => {
    const policy = bulkhead(1, 1);
    const call = vi.fn();
    await expect(policy.execute(call, AbortSignal.abort())).rejects.toThrow(TaskCancelledError);
    const running = held<string>();
    const first = policy.execute(running.call);
    const controller = new AbortController();
    const second = expect(policy.execute(call, controller.signal)).rejects.toThrow(
      new TaskCancelledError("Operation cancelled"),
    );
    controller.abort();
    await second;
    expect(policy.queueSlots).toBe(1);
    const third = policy.execute(() => "third");
    running.resolve("first");
    await expect(Promise.all([first, third])).resolves.toEqual(["first", "third"]);
    expect(call).not.toHaveBeenCalled();
    expect([policy.executionSlots, policy.queueSlots]).toEqual([1, 1]);
  });

  it("serves who waits before those who come in the moment in which a slot is free", async () => {
    const policy = bulkhead(1, 1);
    const running = held<void>();
    const newcomers: Promise<unknown>[] = [];
    const come = (): void => {
      for (const name of ["third", "fourth"]) {
        newcomers.push(policy.execute(() => name).catch((error: Error) => error.name));
      }
    };
    void policy.execute(running.call).then(come);
    const second = policy.execute(() => "second");
    running.resolve();
    await expect(second).resolves.toBe("second");
    expect(await Promise.all(newcomers)).toContain("third");
  });

  it("tells of calls that have succeeded and failed", async () => {
    const policy = bulkhead(1);
    const told: unknown[] = [];
    policy.onSuccess(() => told.push("success"));
    policy.onFailure(({ reason, handled }) => told.push([reason, handled]));
    await policy.execute(() => 1);
    const error = new Error("broken");
    await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
    expect(told).toEqual(["success", [{ error }, false]]);
  });

  it("hands on a call's own refusal, and its signal's reason, where the call was made", async () => {
    const policy = bulkhead(1);
    const other = new BulkheadRejectedError(7, 7);
    await expect(policy.execute(() => Promise.reject(other))).rejects.toBe(other);
    const controller = new AbortController();
    const left = new Error("left");
    const end = policy.execute(({ signal }) => {
      controller.abort(left);
      signal.throwIfAborted();
    }, controller.signal);
    await expect(end).rejects.toBe(left);
  });

  it("without a slot turns everybody away", async () => {
    const policy = bulkhead(0, 5);
    const rejected = vi.fn();
    policy.onReject(rejected);
    await expect(policy.execute(vi.fn())).rejects.toBeInstanceOf(BulkheadRejectedError);
    expect(rejected).toHaveBeenCalledOnce();
    expect([policy.executionSlots, policy.queueSlots]).toEqual([0, 5]);
  });

  it("has a slot again when a call inside it has timed out", async () => {
    const advance = fakedTime();
    const policy = wrap(bulkhead(1), timeout(10, TimeoutStrategy.Aggressive));
    const timedOut = expect(policy.execute(() => new Promise(() => {}))).rejects.toThrow(
      TaskCancelledError,
    );
    await advance(10);
    await timedOut;
    await expect(policy.execute(() => "next")).resolves.toBe("next");
  });
});

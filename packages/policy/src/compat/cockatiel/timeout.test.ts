import { describe, expect, it, vi } from "vitest";

import { TaskCancelledError } from "./errors.ts";
import { retry, timeout } from "./factories.ts";
import { handleAll } from "./filters.ts";
import { fakedTime } from "./fixtures/faked-time.ts";
import { type TimeoutPolicy, TimeoutStrategy } from "./timeout.ts";
import { wrap } from "./wrap.ts";

const { Aggressive, Cooperative } = TimeoutStrategy;
const both = [
  ["cooperative", Cooperative],
  ["aggressive", Aggressive],
] as const;

const never = (): Promise<never> => new Promise(() => {});

const after = (ms: number): Promise<string> =>
  new Promise((resolve) => void setTimeout(() => resolve("late"), ms));

/** Ends with the reason of its signal, as `fetch` does. */
const obedient = ({ signal }: { signal: AbortSignal }): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

function heard(policy: TimeoutPolicy) {
  const told: string[] = [];
  policy.onTimeout(() => told.push("timeout"));
  policy.onSuccess(() => told.push("success"));
  policy.onFailure(({ handled }) => told.push(handled ? "handled" : "failure"));
  return told;
}

describe.each(both)("a %s timeout", (_name, strategy) => {
  it("hands on what the call returns in time, and leaves no timer", async () => {
    fakedTime();
    await expect(timeout(100, strategy).execute(() => "pong")).resolves.toBe("pong");
    await expect(timeout(100, strategy).execute(async () => "pong")).resolves.toBe("pong");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells of a success, and of no timeout afterwards", async () => {
    const advance = fakedTime();
    const policy = timeout(100, strategy);
    const told = heard(policy);
    await policy.execute(() => 1);
    await advance(1_000);
    expect(told).toEqual(["success"]);
  });

  it("tells of a failure, and of no timeout afterwards", async () => {
    const advance = fakedTime();
    const policy = timeout(100, strategy);
    const told = heard(policy);
    const broken = new Error("broken");
    await expect(policy.execute(() => Promise.reject(broken))).rejects.toBe(broken);
    await advance(1_000);
    expect(told).toEqual(["failure"]);
  });

  it("passes on an abort of its caller with its reason, and tells of no timeout", async () => {
    fakedTime();
    const policy = timeout(1_000, strategy);
    const told = heard(policy);
    const controller = new AbortController();
    let reason: unknown;
    const end = policy.execute((_context, signal) => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return obedient({ signal });
    }, controller.signal);
    const left = new Error("left");
    const failure = strategy === Aggressive ? new TaskCancelledError() : left;
    const ended = expect(end).rejects.toThrow(failure);
    controller.abort(left);
    await ended;
    expect(reason).toBe(left);
    expect(told).toEqual(["failure"]);
  });

  it("has its own time under a caller's signal", async () => {
    const advance = fakedTime();
    const { signal: outer } = new AbortController();
    const seen = timeout(10, strategy)
      .execute(async (_context, signal) => {
        const before = signal.aborted;
        await after(11);
        return [before, signal.aborted];
      }, outer)
      .catch((error: unknown) => error);
    await advance(11);
    const end = await seen;
    if (strategy === Cooperative) expect(end).toEqual([false, true]);
    else expect(end).toBeInstanceOf(TaskCancelledError);
    expect(outer.aborted).toBe(false);
  });

  it("aborts its signal when the call has ended, unless it is told not to", async () => {
    const told = await timeout(100, strategy).execute((_context, signal) => ({ signal }));
    expect(told.signal.aborted).toBe(true);
    const kept = await timeout(100, { strategy, abortOnReturn: false }).execute(
      (_context, signal) => ({ signal }),
    );
    expect(kept.signal.aborted).toBe(false);
  });

  it("gives the signal a reason by the name that programs look for, and says what it was", async () => {
    const advance = fakedTime();
    let reason: unknown;
    const end = timeout(50, strategy)
      .execute((context) => {
        context.signal.addEventListener("abort", () => {
          reason = context.signal.reason;
        });
        return obedient(context);
      })
      .catch(() => {});
    await advance(50);
    await end;
    expect(reason).toBeInstanceOf(DOMException);
    expect(reason).toMatchObject({ name: "AbortError", message: "Operation timed out after 50ms" });
  });

  it("of no time at all is up at the next turn", async () => {
    const advance = fakedTime();
    const policy = timeout(0, strategy);
    const told = heard(policy);
    const end = policy.execute(obedient).catch(() => {});
    await advance(0);
    await end;
    expect(told[0]).toBe("timeout");
  });
});

describe("a cooperative timeout", () => {
  it("waits for the call, and takes what it returns all the same", async () => {
    const advance = fakedTime();
    const policy = timeout(10, Cooperative);
    const told = heard(policy);
    const end = policy.execute(() => after(11));
    await advance(11);
    await expect(end).resolves.toBe("late");
    expect(told).toEqual(["timeout", "success"]);
  });

  it("hands on what the call throws when it is bidden stop", async () => {
    const advance = fakedTime();
    const stopped = new Error("stopped");
    const end = timeout(10, Cooperative).execute(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(stopped));
        }),
    );
    const failure = expect(end).rejects.toBe(stopped);
    await advance(10);
    await failure;
  });

  it("hands on the reason of its signal, where that is what the call throws", async () => {
    const advance = fakedTime();
    const failure = expect(timeout(10, Cooperative).execute(obedient)).rejects.toMatchObject({
      name: "AbortError",
    });
    await advance(10);
    await failure;
  });

  it("makes the call of who has given up already, which hears of it by its signal", async () => {
    const policy = timeout(10, Cooperative);
    const told = heard(policy);
    const seen = await policy.execute(({ signal }) => signal.aborted, AbortSignal.abort());
    expect(seen).toBe(true);
    expect(told).toEqual(["success"]);
  });
});

describe("an aggressive timeout", () => {
  it("returns when the time is up, whatever the call does", async () => {
    const advance = fakedTime();
    const policy = timeout(10, Aggressive);
    const told = heard(policy);
    const failure = expect(policy.execute(never)).rejects.toThrow(
      new TaskCancelledError("Operation timed out after 10ms"),
    );
    await advance(9);
    expect(told).toEqual([]);
    await advance(1);
    await failure;
    expect(told).toEqual(["timeout", "failure"]);
  });

  it("takes nobody's time for another's", async () => {
    const advance = fakedTime();
    const policy = timeout(100, Aggressive);
    const ends: number[] = [];
    for (let call = 0; call < 3; call += 1) {
      policy.execute(never).catch(() => ends.push(Date.now()));
      await advance(7);
    }
    const startMs = Date.now() - 21;
    await advance(100);
    expect(ends.map((endMs) => endMs - startMs)).toEqual([100, 107, 114]);
  });

  it("lets nobody hear of a failure that comes after the time", async () => {
    const advance = fakedTime();
    const late = Promise.withResolvers<never>();
    const failure = expect(timeout(10, Aggressive).execute(() => late.promise)).rejects.toThrow(
      TaskCancelledError,
    );
    await advance(10);
    await failure;
    late.reject(new Error("too late to matter"));
    await advance(0); // An unhandled rejection would fail the run here.
  });

  it("makes no call of who has given up already", async () => {
    const call = vi.fn();
    await expect(timeout(10, Aggressive).execute(call, AbortSignal.abort())).rejects.toThrow(
      new TaskCancelledError("Operation cancelled"),
    );
    expect(call).not.toHaveBeenCalled();
  });
});

describe("a timeout that keeps no process alive", () => {
  it("is another policy, with the listeners of the first for how calls end", async () => {
    const policy = timeout(10, Cooperative);
    const told = heard(policy);
    await policy.dangerouslyUnref().execute(() => 1);
    expect(told).toEqual(["success"]);
  });
});

describe("the signal of a caller", () => {
  it("has no listener left after many attempts with a limited time", async () => {
    const advance = fakedTime();
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const policy = wrap(retry(handleAll, {}), timeout(1, Cooperative));
    let failures = 20;
    const end = policy.execute(async () => {
      failures -= 1;
      if (failures > 0) throw new Error("again");
    }, signal);
    const left = end.then(() => add.mock.calls.length - remove.mock.calls.length);
    for (let turn = 0; turn < 40; turn += 1) await advance(1);
    await expect(left).resolves.toBe(0);
    expect(add).toHaveBeenCalled();
  });
});

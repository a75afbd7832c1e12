import { describe, expect, it, vi } from "vitest";

import {
  ExponentialBackoff,
  type IBackoff,
  IterableBackoff,
  noJitterGenerator,
} from "./backoff.ts";
import { retry } from "./factories.ts";
import { handleAll, handleType, handleWhenResult } from "./filters.ts";
import { fakedTime } from "./fixtures/faked-time.ts";
import type { IRetryBackoffContext, RetryPolicy } from "./retry.ts";

class BusyError extends Error {}
class BrokenError extends Error {}

const busy = (): never => {
  throw new BusyError("busy");
};

/** Ends as it is told, one after the other; the last again and again. */
function ending(...ends: readonly (Error | string | number)[]) {
  let made = 0;
  return vi.fn((_context?: unknown) => {
    const end = ends[Math.min(made, ends.length - 1)];
    made += 1;
    if (end instanceof Error) throw end;
    return end;
  });
}

const waiting = (...durations: readonly number[]): RetryPolicy =>
  retry(handleAll, { maxAttempts: durations.length, backoff: new IterableBackoff(durations) });

describe("a retry", () => {
  it("hands on what the call returns, and its type", async () => {
    const policy = retry(handleAll, { maxAttempts: 1 });
    const answer: number = await policy.execute(() => 21);
    const later: number = await policy.execute(async () => 21);
    expect(answer + later).toBe(42);
  });

  it("makes the call again after an error, and again without an end", async () => {
    const call = ending(...Array.from({ length: 30 }, () => new BusyError()), "ok");
    await expect(retry(handleAll, {}).execute(call)).resolves.toBe("ok");
    expect(call).toHaveBeenCalledTimes(31);
  });

  it("does nothing about an error that its policy does not name", async () => {
    const call = ending(new BusyError(), new BrokenError());
    const policy = retry(handleType(BusyError), { maxAttempts: 5 });
    await expect(policy.execute(call)).rejects.toBeInstanceOf(BrokenError);
    expect(call).toHaveBeenCalledTimes(2);
  });

  it("makes the call again after an answer that its policy names", async () => {
    const call = ending(202, 202, 200);
    const policy = retry(
      handleWhenResult((status) => status === 202),
      { maxAttempts: 5 },
    );
    await expect(policy.execute(call)).resolves.toBe(200);
    expect(call).toHaveBeenCalledTimes(3);
  });

  it("hands on the last answer where none was better", async () => {
    const call = ending(202);
    const policy = retry(
      handleWhenResult((status) => status === 202),
      { maxAttempts: 3 },
    );
    await expect(policy.execute(call)).resolves.toBe(202);
    expect(call).toHaveBeenCalledTimes(4);
  });

  it("throws the last error where all attempts have failed", async () => {
    const call = ending(new BusyError(), new BusyError(), new BrokenError());
    await expect(retry(handleAll, { maxAttempts: 2 }).execute(call)).rejects.toThrow(BrokenError);
    expect(call).toHaveBeenCalledTimes(3);
  });

  it("makes no second attempt where it has none", async () => {
    const call = ending(new BusyError());
    await expect(retry(handleAll, { maxAttempts: 0 }).execute(call)).rejects.toThrow(BusyError);
    expect(call).toHaveBeenCalledOnce();
  });

  it("tells the call which retry it is", async () => {
    const seen: number[] = [];
    const policy = retry(handleAll, { maxAttempts: 2 });
    const end = policy.execute(({ attempt, signal }) => {
      expect(signal.aborted).toBe(false);
      seen.push(attempt);
      return busy();
    });
    await expect(end).rejects.toThrow();
    expect(seen).toEqual([0, 1, 2]);
  });
});

describe("the wait before a retry", () => {
  it.each([[[50]], [[10, 20, 20]]])("is what the back-off says: %j", async (durations) => {
    const advance = fakedTime();
    const call = ending(new BusyError());
    const policy = waiting(...durations);
    const delays: number[] = [];
    policy.onRetry(({ delay }) => delays.push(delay));
    const end = expect(policy.execute(call)).rejects.toThrow(BusyError);
    for (const [index, duration] of durations.entries()) {
      await advance(duration - 1);
      expect(call).toHaveBeenCalledTimes(index + 1);
      await advance(1);
    }
    await end;
    expect(delays).toEqual(durations);
  });

  it("has begun when its event comes, so that a test can move time on there", async () => {
    fakedTime();
    const policy = waiting(1_000, 5_000);
    policy.onRetry(({ delay }) => void vi.advanceTimersByTime(delay));
    const call = ending(new BusyError(), new BusyError(), "ok");
    await expect(policy.execute(call)).resolves.toBe("ok");
  });

  it("grows with an exponential back-off", async () => {
    const advance = fakedTime();
    const backoff = new ExponentialBackoff({ generator: noJitterGenerator });
    const policy = retry(
      handleWhenResult((value) => value === 1),
      { backoff, maxAttempts: 2 },
    );
    const call = ending(1);
    const end = policy.execute(call);
    await advance(127);
    expect(call).toHaveBeenCalledTimes(1);
    await advance(1 + 255);
    expect(call).toHaveBeenCalledTimes(2);
    await advance(1);
    await expect(end).resolves.toBe(1);
    expect(call).toHaveBeenCalledTimes(3);
  });

  it("is told the failure, the number of the retry and the signal, from one step to the next", async () => {
    const contexts: unknown[] = [];
    const step: IBackoff<IRetryBackoffContext<unknown>> = {
      duration: 0,
      next(context) {
        contexts.push({ ...context });
        return step;
      },
    };
    const { signal } = new AbortController();
    const error = new BusyError();
    const policy = retry(handleAll, { maxAttempts: 2, backoff: step });
    await expect(policy.execute(ending(error), signal)).rejects.toBe(error);
    expect(contexts).toEqual([
      { attempt: 1, result: { error }, signal },
      { attempt: 2, result: { error }, signal },
    ]);
  });

  it("is given up at once at an abort, and no attempt follows", async () => {
    const advance = fakedTime();
    const policy = waiting(100);
    const gaveUp = vi.fn();
    policy.onGiveUp(gaveUp);
    const controller = new AbortController();
    const error = new BusyError();
    const call = ending(error);
    const end = expect(policy.execute(call, controller.signal)).rejects.toBe(error);
    await advance(10);
    controller.abort();
    await end;
    expect(gaveUp.mock.calls).toEqual([[{ error }]]);
    await advance(1_000);
    expect(call).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a retry whose caller gives up", () => {
  it("makes no other attempt, and comes to the failure of the last", async () => {
    const controller = new AbortController();
    const error = new BusyError();
    const call = vi.fn(({ signal }: { signal: AbortSignal }) => {
      controller.abort();
      expect(signal.aborted).toBe(true);
      throw error;
    });
    const policy = retry(handleAll, { maxAttempts: 3 });
    const retried = vi.fn();
    policy.onRetry(retried);
    await expect(policy.execute(call, controller.signal)).rejects.toBe(error);
    expect(call).toHaveBeenCalledOnce();
    expect(retried).not.toHaveBeenCalled();
  });

  it("before it began makes the call once, which hears of it by its signal", async () => {
    const policy = retry(handleAll, { maxAttempts: 3 });
    const gaveUp = vi.fn();
    policy.onGiveUp(gaveUp);
    const call = vi.fn(({ signal, attempt }: { signal: AbortSignal; attempt: number }) => {
      expect([signal.aborted, attempt]).toEqual([true, 0]);
      return busy();
    });
    await expect(policy.execute(call, AbortSignal.abort())).rejects.toThrow(BusyError);
    expect(call).toHaveBeenCalledOnce();
    expect(gaveUp).toHaveBeenCalledOnce();
  });
});

describe("the events of a retry", () => {
  it("tell of each failure, of the retries by number, and of the end", async () => {
    const told: unknown[] = [];
    const policy = retry(handleType(BusyError), { maxAttempts: 2 });
    policy.onFailure(({ handled }) => told.push(["failure", handled]));
    policy.onRetry(({ attempt, delay, ...reason }) => told.push(["retry", attempt, delay, reason]));
    policy.onGiveUp((reason) => told.push(["end", reason]));
    const error = new BusyError();
    await expect(policy.execute(ending(error))).rejects.toBe(error);
    expect(told).toEqual([
      ["failure", true],
      ["retry", 1, 0, { error }],
      ["failure", true],
      ["retry", 2, 0, { error }],
      ["failure", true],
      ["end", { error }],
    ]);
  });

  it("tell of answers that are failures", async () => {
    const policy = retry(
      handleWhenResult((status) => status === 503),
      { maxAttempts: 0 },
    );
    const failed = vi.fn();
    policy.onFailure(failed);
    await policy.execute(() => 503);
    const duration: unknown = expect.any(Number);
    expect(failed.mock.calls).toEqual([[{ duration, handled: true, reason: { value: 503 } }]]);
  });

  it("tell of no end where the call fails with something else, or succeeds", async () => {
    const policy = retry(handleType(BusyError), { maxAttempts: 2 });
    const gaveUp = vi.fn();
    const succeeded = vi.fn();
    policy.onGiveUp(gaveUp);
    policy.onSuccess(succeeded);
    await expect(policy.execute(ending(new BrokenError()))).rejects.toThrow();
    await policy.execute(ending(new BusyError(), "ok"));
    expect(gaveUp).not.toHaveBeenCalled();
    expect(succeeded).toHaveBeenCalledOnce();
  });

  it("stay with the policy that they were asked of", async () => {
    const policy = retry(handleAll, { maxAttempts: 1 });
    const heard = vi.fn();
    policy.onRetry(heard);
    policy.onFailure(heard);
    await expect(policy.dangerouslyUnref().execute(busy)).rejects.toThrow();
    expect(heard).not.toHaveBeenCalled();
  });
});

import { describe, expect, it, vi } from "vitest";

import { ConsecutiveBreaker } from "./breakers.ts";
import type { IDefaultPolicyContext, IPolicy } from "./contract.ts";
import { BrokenCircuitError } from "./errors.ts";
import { bulkhead, circuitBreaker, fallback, retry, timeout } from "./factories.ts";
import { handleAll, handleResultType, handleType } from "./filters.ts";
import { noop } from "./noop.ts";
import type { IRetryContext } from "./retry.ts";
import { TimeoutStrategy } from "./timeout.ts";
import { usePolicy } from "./use-policy.ts";
import { wrap } from "./wrap.ts";

class SlowError extends Error {}
class BusyError extends Error {}
class CodeError extends Error {
  readonly status: number;

  constructor(status: number) {
    super();
    this.status = status;
  }
}

const breaker = () =>
  circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(2) });

/** A policy of the user's own, which adds to the context. */
const tenant: IPolicy<IDefaultPolicyContext & { tenant: string }> = {
  _altReturn: undefined as never,
  onSuccess: noop.onSuccess,
  onFailure: noop.onFailure,
  execute: async (fn, signal = new AbortController().signal) => fn({ signal, tenant: "acme" }),
};

describe("policies one inside the other", () => {
  it("count each attempt further in", async () => {
    const circuit = breaker();
    const policy = wrap(retry(handleType(SlowError), { maxAttempts: 5 }), circuit);
    const call = vi.fn(() => Promise.reject(new SlowError()));
    await expect(policy.execute(call)).rejects.toBeInstanceOf(BrokenCircuitError);
    expect(call).toHaveBeenCalledTimes(2);
  });

  it("have the context and the answers of all of them", async () => {
    const policies = [
      retry(handleAll, { maxAttempts: 2 }),
      breaker(),
      fallback(handleAll, "instead"),
      timeout(1_000, TimeoutStrategy.Aggressive),
      noop,
    ] as const;
    const policy = wrap(...policies);
    expect(policy.wrapped).toEqual(policies);
    const answer: string | number = await policy.execute(({ signal, attempt }) => {
      expect(signal).toBeInstanceOf(AbortSignal);
      return attempt;
    });
    expect(answer).toBe(0);
  });

  it("have a context of plain fields, that can be spread", async () => {
    const seen = await wrap(retry(handleAll, {}), noop).execute((context) => ({ ...context }));
    expect(Object.keys(seen).toSorted()).toEqual(["attempt", "signal"]);
    const plain = await wrap(breaker(), bulkhead(1)).execute((context) => Object.keys(context));
    expect(plain).toEqual(["signal"]);
  });

  it("tell the retry of the innermost, where there are two, and multiply", async () => {
    const seen: number[] = [];
    const inner = retry(handleAll, { maxAttempts: 1 });
    const outer = retry(handleAll, { maxAttempts: 2 });
    const end = wrap(outer, inner).execute(({ attempt }) => {
      seen.push(attempt);
      throw new SlowError();
    });
    await expect(end).rejects.toThrow(SlowError);
    expect(seen).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it("hand on the caller's signal to the innermost", async () => {
    const { signal } = new AbortController();
    const policy = wrap(retry(handleAll, {}), breaker(), bulkhead(1), fallback(handleAll, 0), noop);
    await expect(policy.execute((context) => context.signal, signal)).resolves.toBe(signal);
  });

  it("hand on the signal of a timeout to what stands further in", async () => {
    const controller = new AbortController();
    const policy = wrap(timeout(1_000, TimeoutStrategy.Cooperative), retry(handleAll, {}));
    const left = new Error("left");
    const reason = await policy.execute(({ signal }) => {
      controller.abort(left);
      return signal.reason;
    }, controller.signal);
    expect(reason).toBe(left);
  });

  it("may be policies of others, and merged ones", async () => {
    const inner = wrap(tenant, noop);
    const policy = wrap(retry(handleAll, { maxAttempts: 1 }), inner, bulkhead(2));
    const seen = await policy.execute((context) => ({ ...context }));
    expect(seen).toMatchObject({ tenant: "acme", attempt: 0 });
    expect(seen.signal).toBeInstanceOf(AbortSignal);
  });

  it("give the caller's signal to policies of others, and theirs to what stands further in", async () => {
    const { signal } = new AbortController();
    const seen = await wrap(noop, tenant, noop).execute((context) => context.signal, signal);
    expect(seen).toBe(signal);
  });

  it("tell of what the outermost tells of, and need no this", async () => {
    const told = vi.fn();
    const { execute, onSuccess } = wrap(noop, breaker());
    onSuccess(told);
    await execute(() => 1);
    expect(told).toHaveBeenCalledOnce();
  });

  it("are at least one", () => {
    expect(() => wrap(...([] as IPolicy[]))).toThrow(/at least one/);
    expect(typeof wrap(noop).execute).toBe("function");
  });
});

describe("a choice of failures", () => {
  it("takes errors by class, by class and predicate, and by predicate", async () => {
    const ends = [new SlowError(), new BusyError(), new CodeError(503), new Error("again")];
    const last = new CodeError(404);
    const call = vi.fn(() => {
      throw ends.shift() ?? last;
    });
    const policy = handleType(SlowError)
      .orType(BusyError)
      .orType(CodeError, ({ status }) => status === 503)
      .orWhen((error) => error instanceof Error && error.message === "again");
    await expect(retry(policy, { maxAttempts: 9 }).execute(call)).rejects.toBe(last);
    expect(call).toHaveBeenCalledTimes(5);
  });

  it("takes answers by class, by class and predicate, and by predicate", async () => {
    const ends: unknown[] = [new SlowError(), new BusyError(), new CodeError(503), "again"];
    const last = new CodeError(404);
    const call = vi.fn(() => ends.shift() ?? last);
    const policy = handleResultType(SlowError)
      .orResultType(BusyError)
      .orResultType(CodeError, ({ status }) => status === 503)
      .orWhenResult((answer) => answer === "again");
    await expect(retry(policy, { maxAttempts: 9 }).execute(call)).resolves.toBe(last);
    expect(call).toHaveBeenCalledTimes(5);
  });

  it("is not changed by one that was made of it", async () => {
    const policy = handleType(SlowError);
    policy.orType(BusyError);
    const call = vi.fn(() => Promise.reject(new BusyError()));
    await expect(retry(policy, { maxAttempts: 3 }).execute(call)).rejects.toThrow(BusyError);
    expect(call).toHaveBeenCalledOnce();
  });
});

describe("a method under a policy", () => {
  class Doubler {
    factor = 2;

    times(n: number, context?: IRetryContext): unknown {
      if ((context?.attempt ?? 0) < 2) throw new BusyError();
      return { value: n * this.factor, ...context };
    }
  }

  /** As a compiler does it. */
  function decorated(): Doubler & { times(...args: unknown[]): unknown } {
    class Own extends Doubler {}
    const descriptor = { ...Object.getOwnPropertyDescriptor(Doubler.prototype, "times") };
    usePolicy(retry(handleAll, { maxAttempts: 5 }))(Own.prototype, "times", descriptor);
    Object.defineProperty(Own.prototype, "times", descriptor);
    return new Own() as Doubler & { times(...args: unknown[]): unknown };
  }

  it("is handed the context behind its arguments, and keeps its this", async () => {
    await expect(decorated().times(4)).resolves.toEqual({
      value: 8,
      attempt: 2,
      signal: expect.any(AbortSignal),
    });
  });

  it("gives its policy the signal that comes last", async () => {
    const { signal } = new AbortController();
    const end = await decorated().times(4, signal);
    expect(end).toMatchObject({ value: 8, attempt: 2 });
    expect((end as { signal: AbortSignal }).signal).toBe(signal);
  });

  it("is a method", () => {
    const descriptor = { value: 4 };
    expect(() => usePolicy(noop)({}, "size", descriptor)).toThrow(
      'usePolicy decorates methods, got number as "size"',
    );
  });
});

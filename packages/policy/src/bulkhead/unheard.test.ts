import { describe, expect, it, vi } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { Bulkhead, BulkheadFullError } from "./bulkhead.ts";

const never = (): Promise<never> => new Promise(() => {});

describe("a bulkhead that nobody listens to", () => {
  it("tells nobody of answers, failures and refusals, and has no mistake to report", async () => {
    const onListenerError = vi.fn();
    const bulkhead = new Bulkhead({ name: "db", maxConcurrent: 1, maxQueue: 0, onListenerError });
    await bulkhead.execute(() => "pong");
    await expect(bulkhead.execute(() => Promise.reject("down"))).rejects.toBe("down");
    void bulkhead.execute(never);
    await expect(bulkhead.execute(() => "pong")).rejects.toThrow(BulkheadFullError);
    expect(onListenerError).not.toHaveBeenCalled();
  });

  it("captures no stack with a refusal unless it is told to", () => {
    expect(new BulkheadFullError("db", "full").stack).not.toContain("unheard.test.ts");
    expect(new BulkheadFullError("db", "full", true).stack).toContain("unheard.test.ts");
  });
});

it("those who come after a change of queueTimeoutMs wait by the new one", async () => {
  const clock = manualClock();
  const limits = { maxConcurrent: 1, maxQueue: 2, queueTimeoutMs: 1_000 };
  const bulkhead = new Bulkhead({ name: "db", clock, ...limits });
  void bulkhead.execute(never);
  const ends: string[] = [];
  const wait = (name: string) =>
    bulkhead.execute(never).catch(({ reason }) => ends.push(`${name}: ${reason}`));
  void wait("first");
  bulkhead.configure({ queueTimeoutMs: 50 });
  void wait("second");
  await clock.advance(50);
  expect(ends).toEqual(["second: queue-timeout"]);
  await clock.advance(950);
  expect(ends).toEqual(["second: queue-timeout", "first: queue-timeout"]);
});

import { describe, expect, it, vi } from "vitest";

import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { createClassifier } from "../classify/index.ts";
import { IdleTimeoutError, idleTimeout, watchedStream } from "./idle-timeout.ts";

/** A stream whose parts come when the test says so. */
function setup() {
  const clock = manualClock();
  const cancelled = vi.fn();
  let source: ReadableStreamDefaultController<string> | undefined;
  const stream = new ReadableStream<string>({
    start(controller) {
      source = controller;
    },
    cancel: cancelled,
  });
  const options = { idleTimeoutMs: 1_000, name: "story", clock };
  return {
    clock,
    cancelled,
    options,
    send: (part: string) => source?.enqueue(part),
    end: () => source?.close(),
    breakOff: (reason: Error) => source?.error(reason),
    reader: idleTimeout(stream, options).getReader(),
  };
}

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("a stream with an idle time-out", () => {
  it("goes on as long as a part comes in time", async () => {
    const { reader, clock, send, end } = setup();
    for (const part of ["once", "upon"]) {
      const next = reader.read();
      await clock.advance(900);
      send(part);
      await expect(next).resolves.toEqual({ done: false, value: part });
    }
    end();
    await expect(reader.read()).resolves.toEqual({ done: true, value: undefined });
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  it("ends when it is silent for longer, and cancels its source", async () => {
    const { reader, clock, cancelled } = setup();
    const thrown = thrownBy(reader.read());
    await clock.advance(1_100);
    const error = await thrown;
    expect(error).toBeInstanceOf(IdleTimeoutError);
    expect(error).toMatchObject({
      name: "IdleTimeoutError",
      code: "KINTSUGI_IDLE_TIMEOUT",
      idleTimeoutMs: 1_000,
      message: '"story" was silent for longer than 1000 ms',
    });
    expect(cancelled).toHaveBeenCalledWith(error);
    expect(clock.pending).toBe(0);
    expect(createClassifier().classify(error)).toMatchObject({ class: "timeout", retryable: true });
  });

  it("does not count the time that its reader takes", async () => {
    const { reader, clock, send } = setup();
    send("once");
    await reader.read();
    await clock.advance(60_000);
    send("upon");
    await expect(reader.read()).resolves.toMatchObject({ value: "upon" });
  });

  it("breaks off as its source does, and cancels it when its reader leaves", async () => {
    const broken = setup();
    const reason = new Error("reset");
    broken.breakOff(reason);
    await expect(broken.reader.read()).rejects.toBe(reason);
    const left = setup();
    await left.reader.cancel("enough");
    expect(left.cancelled).toHaveBeenCalledWith("enough");
    await broken.clock.advance(1); // The first tick finds nothing to wait for.
    expect([broken.clock.pending, left.clock.pending]).toEqual([0, 0]);
  });
});

describe("an iterable with an idle time-out", () => {
  it("gives its parts, ends when one is too late, and is told", async () => {
    const { clock, options } = setup();
    const returned = vi.fn();
    async function* parts() {
      try {
        yield "once";
        await new Promise<void>((resolve) => clock.after(5_000, resolve));
        yield "upon";
      } finally {
        returned();
      }
    }
    const got: string[] = [];
    const read = async (): Promise<void> => {
      for await (const part of idleTimeout(parts(), options)) got.push(part);
    };
    const thrown = thrownBy(read());
    await clock.advance(1_100);
    expect(await thrown).toBeInstanceOf(IdleTimeoutError);
    expect(got).toEqual(["once"]);
    await clock.advance(5_000);
    await settled();
    expect(returned).toHaveBeenCalledOnce();
  });

  it("is told when its reader leaves early", async () => {
    const { options, clock } = setup();
    const returned = vi.fn();
    async function* parts() {
      try {
        yield 1;
        yield 2;
      } finally {
        returned();
      }
    }
    for await (const part of idleTimeout(parts(), options)) if (part === 1) break;
    await settled();
    expect(returned).toHaveBeenCalledOnce();
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });
});

describe("an iterable that comes to its end", () => {
  it("gives all its parts, and is not told to stop what has stopped", async () => {
    const { options } = setup();
    const left = ["once", "upon"];
    const returned = vi.fn();
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const value = left.shift();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
        return: returned,
      }),
    } as AsyncIterable<string>;
    const got: string[] = [];
    for await (const part of idleTimeout(source, options)) got.push(part);
    expect(got).toEqual(["once", "upon"]);
    expect(returned).not.toHaveBeenCalled();
  });

  it("may have nothing that hears of a reader who leaves", async () => {
    const { options } = setup();
    const endless: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 1 }) }),
    };
    const read = async (): Promise<number> => {
      for await (const part of idleTimeout(endless, options)) return part;
      return 0;
    };
    await expect(read()).resolves.toBe(1);
  });
});

it("a stream that is watched says how it ended, once", async () => {
  const reason = new Error("reset");
  const endOf = async (source: ReadableStream<string>) => {
    const onEnd = vi.fn();
    const reader = watchedStream(source, { onEnd }).getReader();
    await reader.read().catch(() => {});
    await reader.read().catch(() => {});
    return onEnd.mock.calls;
  };
  const broken = new ReadableStream<string>({ start: (source) => source.error(reason) });
  const whole = new ReadableStream<string>({ start: (source) => source.close() });
  expect([await endOf(broken), await endOf(whole)]).toEqual([[[{ reason }]], [[]]]);
});

it("an idle time-out leaves other errors their stack", () => {
  const depth = Error.stackTraceLimit;
  expect(new IdleTimeoutError(5).message).toBe("The stream was silent for longer than 5 ms");
  expect(new Error("another").stack).toContain("idle-timeout.test.ts"); // Other errors keep their stacks.
  expect(Error.stackTraceLimit).toBe(depth);
});

it.each([0, -1, Number.NaN])("an idle time-out of %d is refused", (idleTimeoutMs) => {
  expect(() => idleTimeout(new ReadableStream(), { idleTimeoutMs })).toThrow(
    /^idleTimeoutMs must be a number above 0 to/,
  );
});

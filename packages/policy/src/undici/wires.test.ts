/** What an exchange says to connections, and they to it: played by hand, part by part. */

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { eagerClock, manualClock, settled } from "../base/fixtures/clocks.ts";
import type { Call, Policy } from "../base/index.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { HttpError } from "../fetch/index.ts";
import { pipeline } from "../pipeline/index.ts";
import { RetryPolicy } from "../retry/index.ts";
import { TimeoutPolicy } from "../timeout/index.ts";
import type { AnswerListener, DispatchControls, DispatchRequest } from "./dispatch.ts";
import { type ResilientDispatchOptions, resilient } from "./index.ts";

type Resilience = Parameters<typeof resilient>[0];

const connection = () => {
  const abort = vi.fn();
  const controls: DispatchControls = {
    aborted: false,
    paused: false,
    reason: null,
    abort,
    pause() {},
    resume() {},
  };
  return { abort, controls };
};

const get: DispatchRequest = { origin: "https://weather.example", path: "/today", method: "GET" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function setup(resilience: Resilience = pipeline(), options: ResilientDispatchOptions = {}) {
  const wires: (ReturnType<typeof connection> & {
    readonly request: DispatchRequest;
    readonly listener: Required<AnswerListener>;
  })[] = [];
  const heard: unknown[][] = [];
  const note =
    (name: string) =>
    (_: unknown, ...parts: readonly unknown[]): void =>
      void heard.push([name, ...parts]);
  const reader: AnswerListener = {
    onRequestStart: (controls) => void caller.push(controls),
    onResponseStart: note("start"),
    onResponseData: (_, chunk) => void heard.push(["data", new TextDecoder().decode(chunk)]),
    onResponseEnd: note("end"),
    onResponseError: note("error"),
    onBodySent: () => void heard.push(["body sent"]),
    onRequestSent: () => void heard.push(["request sent"]),
    onResponseStarted: () => void heard.push(["started"]),
  };
  const caller: DispatchControls[] = [];
  const dispatch = (request: DispatchRequest, listener: AnswerListener): boolean => {
    wires.push({ request, listener: listener as Required<AnswerListener>, ...connection() });
    return true;
  };
  const sent = resilient(resilience, options)(dispatch);
  const wire = (place: number) => wires[place] ?? expect.fail(`no wire ${place}`);
  const begin = (place: number) => {
    const { listener, controls } = wire(place);
    listener.onRequestStart(controls, {});
    return { listener, controls };
  };
  return { sent, wires, wire, begin, reader, heard, leave: (why: Error) => caller[0]?.abort(why) };
}

/** A policy of another house that makes two calls at once, and takes the first answer. */
const both: Policy = {
  execute: async <T>(call: Call<T>) => {
    const attempts = [1, 2].map(async (attempt) =>
      call({ attempt, signal: new AbortController().signal }),
    );
    return Promise.any(attempts);
  },
};

describe("an attempt that another was quicker than", () => {
  it("gives its connection up, and its reader hears nothing of it", async () => {
    const { sent, wire, begin, reader, heard } = setup(both);
    sent(get, reader);
    const [first, second] = [begin(0), begin(1)];
    first.listener.onResponseStart(first.controls, 200, {}, "OK");
    second.listener.onResponseStart(second.controls, 200, {}, "OK");
    expect([wire(0).abort.mock.calls.length, wire(1).abort.mock.calls.length]).toEqual([0, 1]);
    const before = heard.length;
    second.listener.onResponseStarted();
    second.listener.onBodySent(bytes("x"));
    second.listener.onRequestSent();
    second.listener.onResponseStart(second.controls, 200, {}, "OK");
    second.listener.onResponseData(second.controls, bytes("x"));
    second.listener.onResponseEnd(second.controls, {});
    second.listener.onResponseError(second.controls, new Error("reset"));
    await settled();
    expect(heard).toHaveLength(before);
    first.listener.onResponseData(first.controls, bytes("mine"));
    first.listener.onResponseEnd(first.controls, {});
    expect(heard.slice(before)).toEqual([
      ["data", "mine"],
      ["end", {}],
    ]);
  });

  it("is let go as well where its policy gave up before it answered", async () => {
    const hasty: Policy = {
      async execute<T>(call: Call<T>): Promise<T> {
        const { signal } = new AbortController();
        Promise.resolve(call({ attempt: 1, signal })).catch(() => {});
        throw new Error("too slow for me");
      },
    };
    const { sent, wire, begin, reader, heard } = setup(hasty);
    sent(get, reader);
    const { listener, controls } = begin(0);
    await settled();
    listener.onResponseStart(controls, 200, {}, "OK");
    expect(wire(0).abort).toHaveBeenCalledOnce();
    expect(heard).toEqual([["error", new Error("too slow for me")]]);
  });
});

describe("a failure that comes part by part", () => {
  const report = async (options: ResilientDispatchOptions, parts: readonly Uint8Array[]) => {
    const { sent, wire, begin, reader, heard } = setup(pipeline(), options);
    sent(get, reader);
    const { listener, controls } = begin(0);
    const headers = { "set-cookie": ["a=1", "b=2"], "x-none": undefined, "x-bad": "\u0000" };
    listener.onResponseStart(controls, 503, headers, "Busy");
    for (const part of parts) listener.onResponseData(controls, part);
    const end = async () => {
      listener.onResponseEnd(controls, {});
      await settled();
      return heard;
    };
    const breakOff = async () => {
      listener.onResponseError(controls, new Error("reset"));
      await settled();
      return heard;
    };
    return { end, breakOff, abort: wire(0).abort };
  };
  const errorIn = (heard: readonly unknown[][]) => heard.at(-1)?.at(-1) as HttpError;

  it("is an error with its headers and its body, and leaves the connection alone", async () => {
    const [first = 0, second = 0] = bytes("\u00e9");
    const parts = [bytes("caf"), Uint8Array.of(first), Uint8Array.of(second)];
    const { end, abort } = await report({}, parts);
    const error = errorIn(await end());
    expect(error).toBeInstanceOf(HttpError);
    expect([error.status, error.body]).toEqual([503, "caf\u00e9"]);
    expect([...error.headers]).toEqual([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    expect(abort).not.toHaveBeenCalled();
  });

  it("is that error also where the report breaks off", async () => {
    const { breakOff, abort } = await report({ failures: "answer" }, [bytes("we are")]);
    expect(errorIn(await breakOff())).toMatchObject({ status: 503, body: "we are" });
    expect(abort).toHaveBeenCalledOnce();
  });

  it("is handed on whole up to 65,536 bytes, and is an error that lets go beyond", async () => {
    const most = new Uint8Array(65_536).fill(120);
    const whole = await report({ failures: "answer" }, [most]);
    expect((await whole.end()).map(([what]) => what)).toEqual(["start", "data", "end"]);
    expect(whole.abort).not.toHaveBeenCalled();
    const longer = await report({ failures: "answer" }, [most, bytes("x")]);
    expect(errorIn(await longer.end())).toBeInstanceOf(HttpError);
    expect(longer.abort).toHaveBeenCalledOnce();
  });

  it("is the policy's own error where no server has answered", async () => {
    const closed = new HttpError({ url: "", status: 503, headers: new Headers() }, "closed");
    const refusing: Policy = { execute: () => Promise.reject(closed) };
    const { sent, wires, reader, heard } = setup(refusing, { failures: "answer" });
    sent(get, reader);
    await settled();
    expect(heard).toEqual([["error", closed]]);
    expect(wires).toEqual([]);
  });
});

describe("news before the answer", () => {
  it("is handed on, and ends nothing", async () => {
    const { sent, begin, reader, heard } = setup();
    sent(get, reader);
    const { listener, controls } = begin(0);
    listener.onResponseStart(controls, 103, { link: "</a>" }, "Early Hints");
    listener.onResponseStart(controls, 200, {}, "OK");
    listener.onResponseEnd(controls, {});
    await settled();
    expect(heard).toEqual([
      ["start", 103, { link: "</a>" }, "Early Hints"],
      ["start", 200, {}, "OK"],
      ["end", {}],
    ]);
  });
});

describe("a request that is held until its end", () => {
  it("frees its place when its answer has ended", async () => {
    const bulkhead = new Bulkhead({ name: "b" });
    const { sent, begin, reader } = setup(bulkhead, { holdUntil: "end" });
    sent(get, reader);
    const { listener, controls } = begin(0);
    listener.onResponseStart(controls, 200, {}, "OK");
    await settled();
    expect(bulkhead.stats().running).toBe(1);
    listener.onResponseEnd(controls, {});
    await settled();
    expect(bulkhead.stats().running).toBe(0);
  });

  it("gives its connection up once when its reader leaves", async () => {
    const { sent, wire, begin, reader, leave } = setup(pipeline(), { holdUntil: "end" });
    sent(get, reader);
    const { listener, controls } = begin(0);
    listener.onResponseStart(controls, 200, {}, "OK");
    const left = new Error("left");
    leave(left);
    await settled();
    expect(wire(0).abort.mock.calls).toEqual([[left]]);
  });
});

describe("an attempt that is bidden stop", () => {
  const stopping = (reason: unknown): { readonly policy: Policy; stop(): void } => {
    const controller = new AbortController();
    return {
      policy: { execute: async (call) => call({ attempt: 1, signal: controller.signal }) },
      stop: () => controller.abort(reason),
    };
  };

  it("gives up a connection that is found only afterwards, with the reason as an error", async () => {
    const { policy, stop } = stopping("left");
    const { sent, wire, begin, reader } = setup(policy);
    sent(get, reader);
    stop();
    expect(wire(0).abort).not.toHaveBeenCalled();
    begin(0);
    expect(wire(0).abort.mock.calls).toEqual([[new Error("left", { cause: "left" })]]);
  });

  it("before it begins is never sent", async () => {
    const left = new Error("left");
    const { policy, stop } = stopping(left);
    stop();
    const { sent, wires, reader, heard } = setup(policy);
    sent(get, reader);
    await settled();
    expect(heard).toEqual([["error", left]]);
    expect(wires).toEqual([]);
  });
});

describe("a dispatcher", () => {
  it("that throws at once fails the attempt", async () => {
    const broken = new Error("The client is destroyed");
    const onResponseError = vi.fn();
    const sent = resilient(pipeline())((): boolean => {
      throw broken;
    });
    (sent as (request: DispatchRequest, reader: AnswerListener) => boolean)(get, {
      onResponseError,
    });
    await settled();
    expect(onResponseError.mock.calls.map(([, error]) => error)).toEqual([broken]);
  });

  it.each([
    { ...get, method: "CONNECT" },
    { ...get, upgrade: "websocket" },
  ])("gets a request as it is, with its own reader, to take the connection over: %j", (request) => {
    const { sent, wire, reader } = setup();
    sent(request, reader);
    expect([wire(0).request, wire(0).listener]).toEqual([request, reader]);
    expect(wire(0).listener).toBe(reader);
  });

  it("gets a request without limits as it is, and is ready for the next", () => {
    const { sent, wire, reader } = setup();
    expect(sent(get, reader)).toBe(true);
    expect(wire(0).request).toBe(get);
  });
});

describe("a reader that hears of little", () => {
  it("is told of that, and of nothing twice", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { sent, begin } = setup();
    const onResponseEnd = vi.fn();
    sent(get, { onResponseEnd });
    const { listener, controls } = begin(0);
    listener.onResponseStart(controls, 200, {}, "OK");
    listener.onResponseData(controls, bytes("x"));
    listener.onResponseEnd(controls, {});
    expect(onResponseEnd).toHaveBeenCalledOnce();
    const silent = setup();
    silent.sent(get, {});
    silent.begin(0).listener.onResponseError(silent.wire(0).controls, new Error("reset"));
    await settled();
    expect(reported).not.toHaveBeenCalled();
  });

  it("hears of one end alone, whatever comes of its policies", async () => {
    const clock = manualClock();
    const { sent, begin, reader, heard } = setup(new TimeoutPolicy({ timeoutMs: 50, clock }), {
      holdUntil: "headers",
    });
    sent(get, reader);
    const { listener, controls } = begin(0);
    listener.onResponseStart(controls, 200, {}, "OK");
    listener.onResponseError(controls, new Error("reset"));
    listener.onResponseError(controls, new Error("again"));
    await clock.advance(100);
    expect(heard.map(([what]) => what)).toEqual(["start", "error"]);
  });
});

describe("a request that may be sent again", () => {
  const times = async (more: Partial<DispatchRequest>) => {
    const retry = new RetryPolicy({ maxAttempts: 2, clock: eagerClock() });
    const { sent, wires, begin, reader } = setup(retry);
    sent({ ...get, ...more }, reader);
    begin(0).listener.onResponseError(connection().controls, new Error("reset"));
    for (let turn = 0; turn < 5; turn += 1) await settled();
    return wires.length;
  };

  it.each([
    ["a blob", new Blob(["x"])],
    ["a file", new File(["x"], "x.txt")],
    ["a form", new FormData()],
    ["nothing", null],
  ])("has a body that can be read again: %s", async (_, body) => {
    expect(await times({ method: "PUT", body })).toBe(2);
  });

  it.each<[unknown, number]>([
    [new Map([["Idempotency-Key", "7"]]), 2],
    [{ "Idempotency-Key": "7" }, 2],
    [["idempotency-key", "7"], 2],
    [["x-a", "1", "idempotency-key", "7"], 2],
    [["x-a", "idempotency-key", "x-b", "7"], 1],
    [null, 1],
    [undefined, 1],
  ])("has a key of its caller's among its headers: %o", async (headers, expected) => {
    expect(await times({ method: "POST", headers })).toBe(expected);
  });
});

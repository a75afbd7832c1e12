import { describe, expect, it, vi } from "vitest";

import { AdaptiveLimiter } from "../adaptive-limit/index.ts";
import { manualClock, settled } from "../base/fixtures/clocks.ts";
import { Bulkhead } from "../bulkhead/index.ts";
import { TimeoutError } from "../timeout/index.ts";
import { type Entry, type RouteEvent, RouteWatch, type RouteWatchOptions } from "./index.ts";

/** A watch whose requests end as the test says. */
function setup(options: RouteWatchOptions = {}) {
  const clock = manualClock();
  const events: RouteEvent[] = [];
  const watch = new RouteWatch({ clock, onEvent: (event) => void events.push(event), ...options });
  const arrive = (
    route: string | undefined | (() => string | undefined),
    begun: { isIt: boolean } = { isIt: false },
  ) => {
    const request = {};
    const entry = watch.enter({
      request,
      route: typeof route === "function" ? route : () => route,
      unmatched: "GET unmatched",
      hasBegun: () => begun.isIt,
    });
    return { entry, request };
  };
  const visitOf = (entry: Entry | Promise<Entry>) => {
    if (entry instanceof Promise || entry.kind !== "let-in") throw new Error("It was not let in");
    return entry.visit;
  };
  const serve = async (route: string | undefined, ms: number, status = 200) => {
    const visit = visitOf(arrive(route).entry);
    await clock.advance(ms);
    visit.end(status);
  };
  const rowOf = (route: string) => watch.stats().find((row) => row.route === route);
  return { watch, clock, events, arrive, visitOf, serve, rowOf };
}

describe("the figures of a route", () => {
  it("count its requests, and say how long they took", async () => {
    const { serve, rowOf, events } = setup();
    for (let ms = 1; ms <= 100; ms += 1) await serve("GET /a", ms, ms % 10 === 0 ? 503 : 200);
    await serve("GET /b", 5, 404);
    const row = rowOf("GET /a");
    expect(row).toMatchObject({ requests: 100, errors: 10, timeouts: 0, shed: 0, left: 0 });
    for (const [share, ms] of [
      ["p50Ms", 50],
      ["p95Ms", 95],
      ["p99Ms", 99],
    ] as const) {
      expect(row?.[share]).toBeGreaterThanOrEqual(ms);
      expect(row?.[share]).toBeLessThan(ms * 1.12);
    }
    expect(rowOf("GET /b")).toMatchObject({ requests: 1, errors: 0 });
    expect(events.at(-1)).toEqual({
      kind: "request-ended",
      route: "GET /b",
      status: 404,
      durationMs: 5,
      outcome: "answered",
    });
  });

  it("leave out how long a client had patience", async () => {
    const { arrive, visitOf, clock, rowOf, events } = setup();
    const visit = visitOf(arrive("GET /a").entry);
    await clock.advance(60_000);
    visit.left();
    visit.end(200); // Too late to count.
    expect(rowOf("GET /a")).toMatchObject({ requests: 1, left: 1, errors: 0, p99Ms: 0 });
    expect(events).toMatchObject([{ status: 499, outcome: "left" }]);
    expect(visit.signal.reason).toMatchObject({ name: "AbortError", code: "KINTSUGI_CLIENT_LEFT" });
  });

  it("share one row beyond the limit, however many addresses are asked for", async () => {
    const { serve, watch } = setup({ maxRoutes: 2 });
    for (const route of ["GET /a", undefined, "GET /b", "GET /c", "GET /a"]) await serve(route, 1);
    expect(watch.stats().map(({ route, requests }) => [route, requests])).toEqual([
      ["GET /a", 2],
      ["GET unmatched", 1],
      ["other", 2],
    ]);
  });

  it("say themselves what an error is", async () => {
    const { serve, rowOf } = setup({ isError: (status) => status >= 400 });
    await serve("GET /a", 1, 404);
    expect(rowOf("GET /a")).toMatchObject({ errors: 1 });
  });

  it("are told to nobody where nobody listens", async () => {
    const { serve, watch } = setup();
    const heard = vi.fn();
    const stop = watch.onEvent(heard);
    await serve("GET /a", 1);
    stop();
    await serve("GET /a", 1);
    expect(heard).toHaveBeenCalledOnce();
  });
});

describe("a burst of errors", () => {
  const errorBurst = { errors: 3, windowMs: 1_000 };

  it("is told of when it begins and when it ends, also where no request follows", async () => {
    const { serve, clock, events, rowOf, watch } = setup({ errorBurst });
    for (let n = 0; n < 4; n += 1) await serve("GET /a", 100, 500);
    const told = () => events.filter(({ kind }) => kind !== "request-ended");
    expect(told()).toEqual([{ kind: "burst-began", route: "GET /a", errors: 3, windowMs: 1_000 }]);
    expect(rowOf("GET /a")).toMatchObject({ isBursting: true, recentErrors: 3 });
    await clock.advance(2_000);
    expect(told().at(-1)).toEqual({ kind: "burst-ended", route: "GET /a", lastedMs: 1_000 });
    expect(rowOf("GET /a")).toMatchObject({ isBursting: false, recentErrors: 0 });
    expect(clock.pending).toBe(0);
    watch[Symbol.dispose]();
  });

  it("keeps no process from ending", () => {
    const waits = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = waits();
    using watch = new RouteWatch({ errorBurst: { errors: 1 } });
    const arrival = { request: {}, unmatched: "GET unmatched", hasBegun: () => false };
    setup()
      .visitOf(watch.enter({ ...arrival, route: () => "GET /a" }))
      .end(500);
    expect(watch.stats()).toMatchObject([{ isBursting: true }]);
    expect(waits()).toBe(before);
  });

  it("leaves no timer when the watch is given up", async () => {
    const { serve, clock, watch } = setup({ errorBurst: { errors: 1 } });
    await serve("GET /a", 1, 500);
    expect(clock.pending).toBe(1);
    watch[Symbol.dispose]();
    expect(clock.pending).toBe(0);
  });
});

describe("the deadline of a request", () => {
  it("leaves no timer when it was answered in time", async () => {
    const { serve, clock } = setup({ timeoutMs: 500 });
    await serve("GET /a", 10);
    expect(clock.pending).toBe(0);
  });

  it("ends it with 503, and aborts its signal", async () => {
    const { arrive, visitOf, watch, clock, rowOf, events } = setup({ timeoutMs: 500 });
    const { entry, request } = arrive("GET /a");
    const answer = vi.fn();
    visitOf(entry).whenTimeIsUp(answer);
    await clock.advance(499);
    expect(watch.signalOf(request).aborted).toBe(false);
    await clock.advance(1);
    expect(answer).toHaveBeenCalledWith({
      status: 503,
      headers: { "retry-after": "1", "content-type": "application/json" },
      body: '{"error":"The request took too long"}',
    });
    expect(watch.signalOf(request).reason).toBeInstanceOf(TimeoutError);
    expect(rowOf("GET /a")).toMatchObject({ requests: 1, errors: 1, timeouts: 1 });
    visitOf(entry).end(200);
    expect([events.length, clock.pending]).toEqual([1, 0]);
  });

  it("is that of its route, also where that is known late", async () => {
    const { arrive, visitOf, clock, rowOf } = setup({
      timeoutMs: 500,
      timeouts: { "GET /quick": 100, "GET /slow": 2_000, "GET /feed": Infinity },
    });
    for (const known of [true, false]) {
      for (const [route, limitMs] of [
        ["GET /quick", 100],
        ["GET /slow", 2_000],
        ["GET /b", 500],
      ] as const) {
        let isKnown = known;
        const { entry } = arrive(() => (isKnown ? route : undefined));
        const answer = vi.fn();
        visitOf(entry).whenTimeIsUp(answer);
        isKnown = true;
        await clock.advance(limitMs - 1);
        expect([route, known, answer.mock.calls.length]).toEqual([route, known, 0]);
        await clock.advance(1);
        expect([route, known, answer.mock.calls.length]).toEqual([route, known, 1]);
      }
    }
    const feed = visitOf(arrive("GET /feed").entry);
    await clock.advance(1e6);
    feed.end(200);
    expect(rowOf("GET /feed")).toMatchObject({ timeouts: 0 });
  });

  it("does not count once the answer has begun", async () => {
    const { arrive, visitOf, clock, rowOf } = setup({ timeoutMs: 100 });
    const begun = { isIt: false };
    const visit = visitOf(arrive("GET /feed", begun).entry);
    begun.isIt = true;
    await clock.advance(1_000);
    visit.end(200);
    expect(rowOf("GET /feed")).toMatchObject({ timeouts: 0, requests: 1 });
    expect(visit.signal.aborted).toBe(false);
  });
});

describe("a limit on requests", () => {
  it("turns away who is too many, before anything is done", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
    const { arrive, visitOf, rowOf, events } = setup({ limit, retryAfterMs: 2_500 });
    const first = visitOf(arrive("GET /a").entry);
    expect(arrive("GET /a").entry).toEqual({
      kind: "turned-away",
      answer: {
        status: 503,
        headers: { "retry-after": "3", "content-type": "application/json" },
        body: '{"error":"The server is busy"}',
      },
    });
    expect(rowOf("GET /a")).toMatchObject({ shed: 1, requests: 0 });
    expect(events).toEqual([{ kind: "request-shed", route: "GET /a", retryAfterMs: 2_500 }]);
    first.end(200);
    expect(arrive("GET /a").entry).toMatchObject({ kind: "let-in" });
  });

  it("may have a queue, which a client can leave", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1, maxQueue: 2 });
    const { arrive, visitOf, watch, rowOf } = setup({ limit });
    const first = visitOf(arrive("GET /a").entry);
    const second = arrive("GET /a").entry;
    expect(second).toBeInstanceOf(Promise);
    first.end(200);
    await expect(second).resolves.toMatchObject({ kind: "let-in" });
    expect(limit.stats()).toMatchObject({ running: 1, waiting: 0 });
    const third = arrive("GET /a");
    watch.leave(third.request);
    watch.leave({});
    await expect(third.entry).resolves.toMatchObject({ kind: "turned-away" });
    expect(limit.stats()).toMatchObject({ running: 1, waiting: 0, abandoned: 1 });
    expect(rowOf("GET /a")).toMatchObject({ left: 1, shed: 0 });
  });

  it("hears how requests end", async () => {
    const clock = manualClock();
    const limit = new AdaptiveLimiter({ name: "http", clock });
    const { arrive, visitOf } = setup({ limit, clock, timeoutMs: 100 });
    for (const status of [200, 404, 500]) visitOf(arrive("GET /a").entry).end(status);
    visitOf(arrive("GET /a").entry).left();
    void arrive("GET /a");
    await clock.advance(100);
    expect(limit.stats()).toMatchObject({ successes: 2, dropped: 2, ignored: 1, inFlight: 0 });
  });

  it("keeps a place for work that its deadline has left behind", async () => {
    const limit = new Bulkhead({ name: "http", maxConcurrent: 1 });
    const { arrive, visitOf, clock } = setup({ limit, timeoutMs: 100 });
    const work = Promise.withResolvers<void>();
    visitOf(arrive("GET /a").entry).runs(work.promise);
    await clock.advance(100);
    expect(arrive("GET /a").entry).toMatchObject({ kind: "turned-away" });
    work.resolve();
    await settled();
    expect(arrive("GET /a").entry).toMatchObject({ kind: "let-in" });
  });
});

it("a client that leaves the queue in any moment leaves its place", async () => {
  const limit = new Bulkhead({ name: "http", maxConcurrent: 1, maxQueue: 1 });
  const { watch, arrive, visitOf } = setup({ limit });
  for (let turns = 0; turns < 8; turns += 1) {
    const running = visitOf(arrive("GET /a").entry);
    const { entry, request } = arrive("GET /a");
    running.end(200);
    for (let turn = 0; turn < turns; turn += 1) await null;
    watch.leave(request);
    await entry;
    await settled();
    expect(limit.stats()).toMatchObject({ running: 0, waiting: 0 });
  }
});

it("a watch that was disposed of sets no timer for a burst that begins then", async () => {
  const { watch, serve, clock } = setup({ errorBurst: { errors: 1 } });
  watch[Symbol.dispose]();
  await serve("GET /a", 1, 500);
  expect(clock.pending).toBe(0);
});

it("the signal of a request that is not watched never aborts", () => {
  expect(setup().watch.signalOf({}).aborted).toBe(false);
});

it.each([
  [{ timeoutMs: 0 }, /^timeoutMs must be a number above 0/],
  [{ timeouts: { "GET /a": Number.NaN } }, /^timeouts\["GET \/a"\] must be a number above 0/],
  [{ maxRoutes: 0 }, /^maxRoutes must be a whole number of at least 1, got 0/],
  [{ windowRequests: 0 }, /^windowRequests must be a whole number of at least 1, got 0/],
  [{ retryAfterMs: -1 }, /^retryAfterMs must be a number from 0/],
  [
    { errorBurst: { errors: 0 } },
    /^errorBurst\.errors must be a whole number of at least 1, got 0/,
  ],
  [
    { errorBurst: { errors: 1_001 } },
    /^errorBurst\.errors must be a number from 1 to 1000, got 1001/,
  ],
  [{ errorBurst: { windowMs: 0 } }, /^errorBurst\.windowMs must be a number above 0/],
  [{ limit: {} as never }, /^limit must be a Bulkhead, an AdaptiveLimiter or another guard/],
])("%j is refused where it is said", (options, sentence) => {
  expect(() => new RouteWatch(options)).toThrow(sentence);
});

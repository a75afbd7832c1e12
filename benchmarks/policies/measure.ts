/** What a child of this benchmark does: one way to make a call, measured beside a bare await. */

import { getEventListeners, setMaxListeners } from "node:events";
import { getHeapStatistics } from "node:v8";

import { contest } from "../harness/contestant.ts";
import { type Figures, median } from "../harness/figures.ts";
import { ownCpuMs } from "../harness/process-time.ts";

export interface CallSettings {
  /** Which policies. */
  readonly case: string;
  readonly what: "time" | "bytes" | "refusal" | "failed" | "flight" | "leak";
  /** 1 where the call reads its signal, and the caller brings one that all calls share. */
  readonly signal?: number;
  /** How many, where they are counted. */
  readonly calls?: number;
  readonly quick: number;
}

export type Work = (context?: { readonly signal: AbortSignal }) => Promise<number>;
/** Makes the call in the way that is measured. */
export type Way = (work: Work, parent?: AbortSignal) => Promise<unknown>;

const succeed: Work = async () => 1;
const succeedReading: Work = async (context) => (context?.signal.aborted ? 0 : 1);
const fail: Work = async () => {
  throw new Error("It is down");
};
const known = new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
/** The price of making an error is no policy's. */
const failAsBefore: Work = async () => {
  throw known;
};

/** Calls between two looks at the clock. */
const BATCH = 500;
const SLICES = 4;
const SLICE_MS = { full: 30, quick: 12 } as const;
const WARM_UP_MS = { full: 150, quick: 80 } as const;
/** A bare await is compiled sooner than policies are. */
const BARE_SHARE = 1 / 3;
/** Few enough that no collection falls into them: the child has a young generation of 512 MiB. */
const COUNTED_CALLS = 5_000;
const IN_FLIGHT = 20_000;

type Measure = (way: Way, settings: CallSettings) => Promise<Figures>;

const measures: Readonly<Record<CallSettings["what"], Measure>> = {
  /** CPU and wall time of a success, beside a bare one. */
  time: async (way, { signal, quick }) =>
    time(signal ? reading(way) : succeeding(way), bareSuccess, quick ? "quick" : "full"),
  /** What a success leaves to the collector. */
  bytes: async (way, { signal, quick }) =>
    bytes(signal ? reading(way) : succeeding(way), WARM_UP_MS[quick ? "quick" : "full"]),
  /** CPU time of a call that is refused, beside one that throws a new error. */
  refusal: async (way, { quick }) =>
    time(
      refused(way, fail),
      refused((work) => work(), fail),
      quick ? "quick" : "full",
    ),
  /** CPU time of a call that fails, while its window is full of others. */
  failed: async (way, { calls = 0 }) => failedAmongMany(way, calls),
  /** CPU time of a call in a burst on one signal, beside that of a call alone. */
  flight: async (way) => inFlight(way),
  /** What so many calls leave behind on the one signal that they share. */
  leak: async (way, { calls = 0 }) => leftBehind(way, calls),
};

/** @param wayOf The way of a case; for `refusal` it was made to refuse before. */
export function contestWay(wayOf: (settings: CallSettings) => Promise<Way>): Promise<void> {
  return contest<CallSettings>(async (settings) => {
    const way = await wayOf(settings);
    return measures[settings.what](way, settings);
  });
}

type Loop = (calls: number) => Promise<void>;

const bareSuccess: Loop = async (calls) => {
  for (let call = 0; call < calls; call += 1) await succeed();
};

function succeeding(way: Way): Loop {
  return async (calls) => {
    for (let call = 0; call < calls; call += 1) await way(succeed);
  };
}

function reading(way: Way): Loop {
  const parent = longLived();
  return async (calls) => {
    for (let call = 0; call < calls; call += 1) await way(succeedReading, parent);
  };
}

/** A refusal is thrown, or returned by what never throws; both are awaited and let go. */
function refused(way: Way, work: Work): Loop {
  return async (calls) => {
    for (let call = 0; call < calls; call += 1) {
      try {
        await way(work);
      } catch {
        // That is what is measured.
      }
    }
  };
}

/** Bare and under the policies in turn, so that both see the same machine. */
async function time(under: Loop, bare: Loop, pace: "full" | "quick"): Promise<Figures> {
  await slice(bare, WARM_UP_MS[pace] * BARE_SHARE);
  await slice(under, WARM_UP_MS[pace]);
  const bareSlices: Slice[] = [];
  const slices: Slice[] = [];
  for (let turn = 0; turn < SLICES; turn += 1) {
    bareSlices.push(await slice(bare, SLICE_MS[pace]));
    slices.push(await slice(under, SLICE_MS[pace]));
  }
  const cpuNs = median(slices.map((each) => each.cpuNs));
  const bareCpuNs = median(bareSlices.map((each) => each.cpuNs));
  const wallNs = median(slices.map((each) => each.wallNs));
  const bareWallNs = median(bareSlices.map((each) => each.wallNs));
  return { cpuNs, bareCpuNs, overNs: cpuNs - bareCpuNs, overWallNs: wallNs - bareWallNs };
}

interface Slice {
  readonly cpuNs: number;
  readonly wallNs: number;
}

/**
 * CPU time of the whole process, so that what the collector does for the garbage is paid for. It is also
 * what ends a slice: on a machine that others use too, all slices then see as many calls.
 */
async function slice(
  loop: Loop,
  forMs: number,
  batch = BATCH,
  mostCalls = Infinity,
): Promise<Slice> {
  const cpuBeforeMs = ownCpuMs();
  const startedMs = performance.now();
  let calls = 0;
  do {
    await loop(batch);
    calls += batch;
  } while (ownCpuMs() - cpuBeforeMs < forMs && calls < mostCalls);
  const wallNs = ((performance.now() - startedMs) * 1e6) / calls;
  return { cpuNs: ((ownCpuMs() - cpuBeforeMs) * 1e6) / calls, wallNs };
}

async function bytes(loop: Loop, warmUpMs: number): Promise<Figures> {
  const under = await bytesOf(loop, warmUpMs);
  const bare = await bytesOf(bareSuccess, warmUpMs * BARE_SHARE);
  return { bytes: under, bareBytes: bare, overBytes: under - bare };
}

async function bytesOf(loop: Loop, warmUpMs: number): Promise<number> {
  await slice(loop, warmUpMs);
  const found: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    const before = getHeapStatistics().used_heap_size;
    await loop(COUNTED_CALLS);
    found.push((getHeapStatistics().used_heap_size - before) / COUNTED_CALLS);
  }
  return median(found);
}

async function failedAmongMany(way: Way, calls: number): Promise<Figures> {
  await succeeding(way)(calls);
  const loop = refused(way, failAsBefore);
  const few = 20; // With one of the peers a call takes milliseconds.
  const most = 0.4 * calls; // With more the window would fill with failures, and the circuit refuse.
  await slice(loop, WARM_UP_MS.full, few, most);
  const { cpuNs } = await slice(loop, WARM_UP_MS.full, few, most);
  return { failedUs: cpuNs / 1_000 };
}

async function inFlight(way: Way): Promise<Figures> {
  const parent = longLived();
  const aloneNs: number[] = [];
  const manyNs: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    aloneNs.push(await burstNs(way, parent, 1));
    manyNs.push(await burstNs(way, parent, IN_FLIGHT));
  }
  // The first turn warms up. Collections fall where they fall, so the better of the others counts.
  const alone = Math.min(...aloneNs.slice(1));
  const many = Math.min(...manyNs.slice(1));
  return { aloneNs: alone, manyNs: many, growth: many / alone };
}

/** CPU time a call, where so many begin before the first of them ends. */
async function burstNs(way: Way, parent: AbortSignal, size: number): Promise<number> {
  const cpuBeforeMs = ownCpuMs();
  for (let made = 0; made < IN_FLIGHT; made += size) {
    const releases: ((value: number) => void)[] = [];
    const work: Work = (context) => {
      if (context?.signal.aborted) throw new Error("It was aborted");
      const { promise, resolve } = Promise.withResolvers<number>();
      releases.push(resolve);
      return promise;
    };
    const calls = Array.from({ length: size }, () => way(work, parent));
    for (const release of releases) release(1);
    for (const call of calls) await call;
  }
  return ((ownCpuMs() - cpuBeforeMs) * 1e6) / IN_FLIGHT;
}

async function leftBehind(way: Way, calls: number): Promise<Figures> {
  const parent = longLived();
  const run = async (share: number): Promise<number> => {
    for (let call = 0; call < calls * share; call += 1) await way(succeedReading, parent);
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc?.();
    return getHeapStatistics().used_heap_size;
  };
  const before = await run(0.1);
  const after = await run(0.9);
  return {
    listeners: getEventListeners(parent, "abort").length,
    keptBytes: Math.max(0, after - before) / (calls * 0.9),
  };
}

/** As a server's own signal, which many calls share. Peers may warn of how many listen; that is no news here. */
function longLived(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

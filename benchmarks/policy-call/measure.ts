/** What a child of this benchmark does: one way to make a call, measured beside a bare await. */

import { getHeapStatistics } from "node:v8";

import { contest } from "../harness/contestant.ts";
import { type Figures, median } from "../harness/figures.ts";
import { ownCpuMs } from "../harness/process-time.ts";

export interface CallSettings {
  /** Which policies. */
  readonly case: string;
  /** `time` of a success, `bytes` of a success, or `refusal`: the time of a call that is refused. */
  readonly what: "time" | "bytes" | "refusal";
  readonly quick: number;
}

export type Work = () => Promise<number>;
/** Makes the call in the way that is measured. */
export type Way = (work: Work) => Promise<unknown>;

const succeed: Work = async () => 1;
const fail: Work = async () => {
  throw new Error("It is down");
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

/** @param wayOf The way of a case; for `refusal` it was made to refuse before. */
export function contestWay(wayOf: (settings: CallSettings) => Promise<Way>): Promise<void> {
  return contest<CallSettings>(async (settings) => {
    const way = await wayOf(settings);
    const pace = settings.quick ? "quick" : "full";
    if (settings.what === "bytes") return bytes(way, WARM_UP_MS[pace]);
    const under = settings.what === "time" ? succeeding(way) : refused(way);
    const bare = settings.what === "time" ? bareSuccess : refused(fail);
    return time(under, bare, pace);
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

/** A refusal is thrown, or returned by what never throws; both are awaited and let go. */
function refused(way: Way): Loop {
  return async (calls) => {
    for (let call = 0; call < calls; call += 1) {
      try {
        await way(fail);
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

/** CPU time of the whole process, so that what the collector does for the garbage is paid for. */
async function slice(loop: Loop, forMs: number): Promise<Slice> {
  const cpuBeforeMs = ownCpuMs();
  const startedMs = performance.now();
  let calls = 0;
  do {
    await loop(BATCH);
    calls += BATCH;
  } while (performance.now() - startedMs < forMs);
  const wallNs = ((performance.now() - startedMs) * 1e6) / calls;
  return { cpuNs: ((ownCpuMs() - cpuBeforeMs) * 1e6) / calls, wallNs };
}

async function bytes(way: Way, warmUpMs: number): Promise<Figures> {
  const under = await bytesOf(succeeding(way), warmUpMs);
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

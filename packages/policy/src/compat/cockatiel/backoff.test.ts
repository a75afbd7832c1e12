import { describe, expect, it, onTestFinished, vi } from "vitest";

import {
  ConstantBackoff,
  DelegateBackoff,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  fullJitterGenerator,
  type GeneratorFn,
  halfJitterGenerator,
  type IBackoff,
  type IBackoffFactory,
  IterableBackoff,
  noJitterGenerator,
} from "./backoff.ts";

/** The first waits of a back-off. */
function waitsOf<T>(backoff: IBackoffFactory<T>, count: number, context: T): readonly number[] {
  const waits: number[] = [];
  let step: IBackoffFactory<T> = backoff;
  for (let index = 0; index < count; index += 1) {
    const next: IBackoff<T> = step.next(context);
    waits.push(next.duration);
    step = next;
  }
  return waits;
}

function chance(value: number): void {
  vi.spyOn(Math, "random").mockReturnValue(value);
  onTestFinished(() => void vi.restoreAllMocks());
}

const options = { maxDelay: 30_000, exponent: 2, initialDelay: 128 };

const generators: readonly (readonly [string, GeneratorFn<never>])[] = [
  ["no jitter", noJitterGenerator as unknown as GeneratorFn<never>],
  ["full jitter", fullJitterGenerator as unknown as GeneratorFn<never>],
  ["half jitter", halfJitterGenerator as unknown as GeneratorFn<never>],
  ["decorrelated jitter", decorrelatedJitterGenerator as unknown as GeneratorFn<never>],
];

function generate<S>(generator: GeneratorFn<S>, count: number, initialDelay = 128) {
  const waits: number[] = [];
  let state: S | undefined;
  for (let index = 0; index < count; index += 1) {
    const [wait, next] = generator(state, { ...options, initialDelay, generator });
    waits.push(wait);
    state = next;
  }
  return waits;
}

describe("a back-off", () => {
  it("that is constant waits the same each time", () => {
    expect(waitsOf(new ConstantBackoff(70), 3, undefined)).toEqual([70, 70, 70]);
  });

  it("that iterates stays with its last wait", () => {
    expect(waitsOf(new IterableBackoff([5, 7, 11]), 5, undefined)).toEqual([5, 7, 11, 11, 11]);
  });

  it("that iterates over nothing waits for nothing", () => {
    expect(waitsOf(new IterableBackoff([]), 2, undefined)).toEqual([0, 0]);
  });

  it("that delegates hands the context to its function", () => {
    const backoff = new DelegateBackoff<{ attempt: number }>(({ attempt }) => attempt * 10);
    expect(waitsOf(backoff, 2, { attempt: 4 })).toEqual([40, 40]);
  });

  it("that delegates keeps a state from step to step", () => {
    const doubling = new DelegateBackoff((_: unknown, wait: number = 1) => ({
      delay: wait,
      state: wait * 2,
    }));
    expect(waitsOf(doubling, 4, undefined)).toEqual([1, 2, 4, 8]);
  });

  it("that delegates keeps its state where a step returns a bare number", () => {
    const seen: unknown[] = [];
    const backoff = new DelegateBackoff((_: unknown, state?: string) => {
      seen.push(state);
      return state ? 3 : { delay: 2, state: "kept" };
    });
    expect(waitsOf(backoff, 3, undefined)).toEqual([2, 3, 3]);
    expect(seen).toEqual([undefined, "kept", "kept"]);
  });

  it("that is exponential doubles its wait up to the longest", () => {
    const backoff = new ExponentialBackoff({ generator: noJitterGenerator, maxDelay: 1_000 });
    expect(waitsOf(backoff, 5, undefined)).toEqual([128, 256, 512, 1_000, 1_000]);
  });

  it("that is exponential has decorrelated waits of at most 30 seconds where nothing else is said", () => {
    const waits = waitsOf(new ExponentialBackoff(), 200, undefined);
    expect(waits.every((wait) => wait >= 0 && wait <= 30_000)).toBe(true);
    expect(waits.at(-1)).toBe(30_000);
  });
});

describe.each(generators)("waits with %s", (_name, generator) => {
  it("are never negative, and never longer than the longest or than the growth allows", () => {
    for (const value of [0, 0.3, 0.7, 0.999_999]) {
      chance(value);
      generate(generator, 99).forEach((wait, index) => {
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(30_000, 128 * 2 ** (index + 1)));
      });
    }
  });
});

describe("jitter", () => {
  it("that is full takes from none to nearly all of a wait", () => {
    chance(0);
    expect(generate(fullJitterGenerator, 2)).toEqual([0, 0]);
    chance(0.5);
    expect(generate(fullJitterGenerator, 3)).toEqual([64, 128, 256]);
  });

  it("that is half keeps at least half of a wait", () => {
    chance(0);
    expect(generate(halfJitterGenerator, 2)).toEqual([64, 128]);
    chance(0.5);
    expect(generate(halfJitterGenerator, 2)).toEqual([96, 192]);
  });

  it("that is decorrelated follows its curve", () => {
    chance(0.5);
    const [first, second] = generate(decorrelatedJitterGenerator, 2, 140);
    const at = (t: number): number => 2 ** t * Math.tanh(Math.sqrt(4 * t));
    expect(first).toBeCloseTo(at(0.5) * 100, 9);
    expect(second).toBeCloseTo((at(1.5) - at(0.5)) * 100, 9);
  });

  it("that is decorrelated stays a number after thousands of steps", () => {
    const waits = generate(decorrelatedJitterGenerator, 3_000, 45_000);
    expect(waits.filter((wait) => !(wait >= 0 && wait <= 30_000))).toEqual([]);
  });
});

/**
 * The life of one simulated program, and the gate through which all that happens to it must go.
 *
 *     running ◀── hang, resume ──▶ hung        what is held back while it hangs
 *        │                           │          comes at its resume, in order
 *        └──────────▶ ended ◀────────┘          and never after its end
 */

import type { Cancel, Clock } from "@kintsugi/policy/base";

import type { VirtualClock } from "./virtual-clock.ts";

export class Life {
  readonly #world: VirtualClock;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #endings = new Set<() => void>();
  #phase: "running" | "hung" | "ended" = "running";
  #held: (() => void)[] = [];

  /** Without `onError`, an error goes to whoever runs the world: a test should hear of it. */
  constructor(world: VirtualClock, onError?: (error: unknown) => void) {
    this.#world = world;
    this.#onError = onError;
  }

  get ended(): boolean {
    return this.#phase === "ended";
  }

  get hung(): boolean {
    return this.#phase === "hung";
  }

  /** Lets `fn` happen to this program: now, when it answers again, or never. */
  deliver(fn: () => void): void {
    if (this.#phase === "ended") return;
    if (this.#phase === "hung") {
      this.#held.push(fn);
      return;
    }
    try {
      fn();
    } catch (error) {
      if (!this.#onError) throw error;
      this.#onError(error);
    }
  }

  hang(): void {
    if (this.#phase === "running") this.#phase = "hung";
  }

  resume(): void {
    if (this.#phase !== "hung") return;
    this.#phase = "running";
    const held = this.#held;
    this.#held = [];
    for (const fn of held) this.#world.immediate(() => this.deliver(fn));
  }

  /** Nothing is delivered any more; what hangs on this life ends with it. */
  end(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#held = [];
    const endings = [...this.#endings];
    this.#endings.clear();
    for (const ending of endings) ending();
  }

  /** Runs `fn` when this life ends, unless it is taken back before. */
  onEnd(fn: () => void): Cancel {
    this.#endings.add(fn);
    return () => this.#endings.delete(fn);
  }
}

/** Time as one program sees it: its spans begin with its birth, and it hears nothing after its death. */
export function clockOf(life: Life, world: VirtualClock): Clock {
  const bornAtMs = world.monotonicMs();
  const after = (ms: number, fn: () => void): Cancel => {
    let cancelled = false;
    const cancel = world.after(ms, () =>
      life.deliver(() => {
        if (!cancelled) fn();
      }),
    );
    return () => {
      cancelled = true; // It may have come due while the program hung.
      cancel();
    };
  };
  return {
    epochMs: () => world.epochMs(),
    monotonicMs: () => world.monotonicMs() - bornAtMs,
    after,
    immediate(fn) {
      after(0, fn);
    },
  };
}

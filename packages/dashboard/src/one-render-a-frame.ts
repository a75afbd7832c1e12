/**
 * What came in is merged at once and drawn once a frame, however many messages came before it.
 * Browsers give a hidden tab no frames: there, {@link frameOrTimeout} lets it be drawn now and then.
 */

import type { Cancel, Clock } from "@kintsugi/policy/base";

/** Milliseconds without a frame after which is drawn all the same: the title of a hidden tab is seen. */
const FRAMELESS_MS = 1_000;

export interface FrameQueueOptions<State, Input> {
  readonly initial: State;
  readonly reduce: (state: State, input: Input) => State;
  /** Runs `fn` before the next frame is drawn. */
  readonly nextFrame: (fn: () => void) => unknown;
  readonly render: (state: State) => void;
}

export interface FrameQueue<State, Input> {
  /** What is known, drawn or not. */
  readonly state: State;
  push(input: Input): void;
}

export function oneRenderAFrame<State, Input>(
  options: FrameQueueOptions<State, Input>,
): FrameQueue<State, Input> {
  const { reduce, nextFrame, render } = options;
  let state = options.initial;
  let isPlanned = false;
  const draw = (): void => {
    isPlanned = false;
    render(state);
  };
  return {
    get state() {
      return state;
    },
    push(input) {
      const next = reduce(state, input);
      if (next === state) return;
      state = next;
      if (isPlanned) return;
      isPlanned = true;
      nextFrame(draw);
    },
  };
}

/** Runs `fn` once: before the next frame, or a second later where the browser gives none. */
export function frameOrTimeout(
  clock: Clock,
  nextFrame: (fn: () => void) => unknown,
): (fn: () => void) => void {
  return (fn) => {
    let isDone = false;
    let cancel: Cancel = () => {};
    const once = (): void => {
      if (isDone) return;
      isDone = true;
      cancel();
      fn();
    };
    cancel = clock.after(FRAMELESS_MS, once);
    nextFrame(once);
  };
}

/**
 * What came in is merged at once and drawn once a frame, however many messages came before it.
 * Browsers give a hidden tab no frames: there, messages are merged as ever and nothing is drawn.
 */

export interface FrameQueueOptions<State, Input> {
  readonly initial: State;
  readonly reduce: (state: State, input: Input) => State;
  /** Runs `fn` before the next frame is drawn: `requestAnimationFrame`. */
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

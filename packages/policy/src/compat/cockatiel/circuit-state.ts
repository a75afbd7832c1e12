/** The states of a circuit, by their numbers. */

/** As an enum compiles: numbers by name, and names by number. */
export const CircuitState = {
  /** Calls are made. */
  Closed: 0,
  /** Calls are refused, until its time is over. */
  Open: 1,
  /** Some calls are made: how they end opens or closes it. */
  HalfOpen: 2,
  /** Calls are refused, until it is let go. */
  Isolated: 3,
  0: "Closed",
  1: "Open",
  2: "HalfOpen",
  3: "Isolated",
} as const;

export type CircuitState = 0 | 1 | 2 | 3;

// Types alone: for who names a member as a type, as an enum allows it.
export declare namespace CircuitState {
  type Closed = 0;
  type Open = 1;
  type HalfOpen = 2;
  type Isolated = 3;
}

/** Words of chaos that other rooms use. */

/** A fault on purpose. Recorded durably before it happens, so that a restart does not repeat it. */
export interface ChaosEntry {
  /** Names it for ever: an entry of this name happens once in the life of a data folder. */
  readonly name: string;
  /** When: so long after the plan began, or when a run has done so much (its `progress`). */
  readonly at:
    | { readonly kind: "after"; readonly ms: number }
    | { readonly kind: "progress"; readonly run: string; readonly done: number };
  readonly fault: ChaosFault;
}

/** `target` is a component; for `kill` also `runtime` or `watchdog`. */
export type ChaosFault =
  | { readonly kind: "kill"; readonly target: string }
  | { readonly kind: "hang"; readonly target: string; readonly ms: number }
  | { readonly kind: "leak"; readonly target: string; readonly bytesPerSecond: number }
  | { readonly kind: "crash"; readonly target: string }
  /** Lets this share (0..1) of the calls to the target fail, in all its lives from then on. */
  | { readonly kind: "fail-calls"; readonly target: string; readonly rate: number };

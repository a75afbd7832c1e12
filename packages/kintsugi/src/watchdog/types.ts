/** What the watchdog and the others agree on: its events, its kill switch, and how it is seen. */

/**
 * How the program was stopped on purpose. `down` is lifted by an `up` that a person types; `kill` only
 * by `resume`. A switch that cannot be read counts as `kill`.
 */
export type KillSwitch =
  | { readonly kind: "released" }
  | {
      readonly kind: "engaged";
      readonly form: "down" | "kill";
      readonly by: string;
      readonly why: string;
      readonly atMs: number;
    }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Stop all of it: how, on whose word, and why. */
export interface StopRequest {
  readonly form: "down" | "kill";
  readonly by: string;
  readonly why: string;
}

/** One line of the watchdog's own log; the runtime takes it into its facts by `id`. */
export interface WatchdogEvent {
  readonly id: string;
  readonly atMs: number;
  readonly type:
    | "watchdog.started"
    | "watchdog.adopted"
    | "watchdog.stopped"
    | "runtime.started"
    | "runtime.crashed"
    | "runtime.hung"
    | "runtime.stopped"
    | "runtime.refused"
    | "runtime.crash-looping";
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What the watchdog does with the runtime at the moment; `waiting` lasts until the next start. */
export type WatchdogPhase = "waiting" | "starting" | "running" | "ending" | "stopping";

/** The watchdog as its followers see it. */
export interface WatchdogView {
  readonly phase: WatchdogPhase;
  readonly runtimePid: number | null;
  /** Address of the program's API, from the moment in which it was ready. */
  readonly url: string | null;
  readonly watchdogPid: number;
}

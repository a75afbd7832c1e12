/** What the watchdog and the others agree on: its files, its frames, its kill switch. */

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
    | "runtime.gave-up";
  readonly payload: Readonly<Record<string, unknown>>;
}

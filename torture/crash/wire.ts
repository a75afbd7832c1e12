/** What the driver and the program under torture say to each other: lines of JSON on a loopback socket. */

import type { Plan } from "./plan.ts";

/** What a life of the program is started with, as its only argument. */
export interface Orders {
  readonly life: number;
  readonly port: number;
  /** The store's file. */
  readonly file: string;
  readonly durability: "power" | "process";
  /** Which journal is broken on purpose, by its name in `broken.ts`; null for the sound one. */
  readonly broken: string | null;
  /** Seed of the chance that a broken journal takes. */
  readonly seed: string;
}

/** Input of a run: the nonce that came with it, and what to do. */
export interface Errand {
  readonly root: string;
  readonly inHand: readonly string[];
  readonly plan: Plan;
}

export type ToDriver = Readonly<
  | { kind: "hello"; life: number }
  /** Somebody else has the folder; it is tried again until it is free. */
  | { kind: "waits" }
  | { kind: "owns" }
  /** The engine has started, and takes runs. */
  | { kind: "ready" }
  | { kind: "accepted"; run: string }
  /** The signal is kept; or the run has ended and takes none. */
  | { kind: "signalled"; run: string; name: string }
  /** What it is now is seen before. */
  | { kind: "cancelled"; run: string }
  | { kind: "seen"; run: string; status: string; crashes: number; why: string }
  | { kind: "ended"; run: string; result: readonly string[] }
  | {
      kind: "effect";
      id: number;
      run: string;
      step: string;
      attempt: number;
      key: string;
      quotes: readonly string[];
    }
>;

export type ToProgram = Readonly<
  | { kind: "submit"; run: string; errand: Errand }
  | { kind: "signal"; run: string; name: string; nonce: string }
  | { kind: "cancel"; run: string }
  | { kind: "ask"; run: string }
  | { kind: "answer"; id: number; nonce: string; isRefused: boolean }
  /** End in order. */
  | { kind: "stop" }
>;

/** Cuts a stream into lines, and reads each; what comes after the last line end is kept for later. */
export function linesOf<Line>(hear: (line: Line) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(JSON.parse(line) as Line);
  };
}

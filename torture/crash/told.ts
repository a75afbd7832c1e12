/** What the judge is told of a program from outside, and what it may say of it. */

import type { Plan } from "./plan.ts";

export type Told = Readonly<
  /** A run was asked for; whether it was taken is not known yet. */
  | { kind: "submitted"; run: string; start: string; plan: Plan }
  /** The program said that it has the run. */
  | { kind: "accepted"; run: string; life: number }
  /** A signal that was sent, perhaps more than once, with this payload. */
  | { kind: "signal"; run: string; name: string; nonce: string }
  /** The run is to end before its time; it may have ended by then. */
  | { kind: "to be cancelled"; run: string }
  /** This life said that it has the folder. */
  | { kind: "owns"; life: number }
  /** This life is dead for sure. */
  | { kind: "gone"; life: number }
  | Effect
  /** What the program says of a run when it is asked. */
  | { kind: "seen"; life: number; run: string; status: string; why: string }
  /** The program gave the result of a run. */
  | { kind: "ended"; life: number; run: string; result: readonly string[] }
  /** Nothing more will come: whatever was accepted has ended by now. */
  | { kind: "over" }
>;

export interface Effect {
  readonly kind: "effect";
  readonly life: number;
  readonly run: string;
  readonly step: string;
  readonly attempt: number;
  /** The idempotency key that the step was given. */
  readonly key: string;
  readonly quotes: readonly string[];
  /** The answer to it, or the text of the refusal. */
  readonly nonce: string;
  readonly isRefused: boolean;
  /** False where the program was killed before the answer left: nobody can know that nonce. */
  readonly isAnswered: boolean;
}

export interface Violation {
  readonly kind: ViolationKind;
  readonly sentence: string;
}

export type ViolationKind =
  | "lost"
  | "repeated"
  | "reordered"
  | "swapped"
  | "invented"
  | "unstable"
  | "zombie"
  | "died"
  | "attempts"
  /** Of the harness: the program stopped by itself, or nothing moved any more. */
  | "broke"
  | "stuck";

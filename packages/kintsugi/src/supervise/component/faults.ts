/** Faults on purpose, done to the program itself: the healing of each is what they prove. */

import type { Host } from "../../host/index.ts";
import type { Fault } from "../frames/component-frames.ts";
import type { Program } from "./program.ts";

/** What a program has to do itself, as only it knows its calls. */
export type CallFault = Extract<Fault, { readonly fault: "fail-calls" }>;

/** Small pieces: the leak is a slope, not a step. */
const LEAK_EVERY_MS = 100;

export function suffer(
  fault: Fault,
  { clock }: Host,
  program: Program,
  onCallFault: (fault: CallFault) => void,
): void {
  switch (fault.fault) {
    case "hang":
      program.block(fault.ms, () => clock.monotonicMs());
      break;
    case "leak": {
      const leak = (): void => {
        program.allocate(Math.ceil((fault.bytesPerSecond * LEAK_EVERY_MS) / 1_000));
        clock.after(LEAK_EVERY_MS, leak);
      };
      leak();
      break;
    }
    case "crash":
      // Out of reach of any try block of the caller's.
      clock.immediate(() => {
        throw new Error("A crash on purpose");
      });
      break;
    case "fail-calls":
      onCallFault(fault);
      break;
  }
}

import type { RunProgress } from "../run-types.ts";

/** What is counted and shown while runs go on, and stored nowhere. */
export type WorkflowMeasure = Readonly<
  | {
      kind: "step ended";
      runId: string;
      workflow: string;
      step: string;
      failed: boolean;
      durationMs: number;
    }
  | { kind: "progress made"; runId: string; workflow: string; progress: RunProgress }
>;

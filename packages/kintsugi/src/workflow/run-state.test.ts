import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  accepted,
  fromColumns,
  isOnTrial,
  next,
  QUARANTINE_CRASHES,
  type RunInput,
  type RunState,
  toColumns,
} from "./run-state.ts";

const letRun: RunInput = { kind: "let run", life: 1 };
const crash: RunInput = { kind: "life is over", clean: false };
const onlyWaits: RunInput = { kind: "only waits", wakeAtMs: 50, onChild: false };

const after = (...inputs: readonly RunInput[]): RunState => inputs.reduce(next, accepted);

describe("a run whose life crashes", () => {
  it("counts it when its code was let run in that life", () => {
    expect(after(letRun, crash)).toEqual({ kind: "queued", crashes: 1, boot: 1 });
  });

  it.each<[string, readonly RunInput[]]>([
    ["was not let run", []],
    ["waited", [letRun, onlyWaits]],
    ["waited for a child", [letRun, { ...onlyWaits, onChild: true }]],
  ])("does not count it when it %s", (_, history) => {
    expect(after(...history, crash)).toMatchObject({ kind: "queued", crashes: 0 });
  });

  it("does not count an end that was in order", () => {
    expect(after(letRun, { ...crash, clean: true })).toMatchObject({ kind: "queued", crashes: 0 });
  });

  it("is innocent again as soon as it has recorded something", () => {
    const crashedOnce = after(letRun, crash, letRun);
    expect(isOnTrial(crashedOnce)).toBe(false);
    const suspect = after(letRun, crash, letRun, crash, letRun);
    expect(isOnTrial(suspect)).toBe(true);
    expect(next(suspect, { kind: "recorded" })).toMatchObject({ kind: "busy", crashes: 0 });
    expect(isOnTrial(next(suspect, { kind: "recorded" }))).toBe(false);
  });

  it("keeps its count while it waits, but is not on trial", () => {
    const waiting = after(letRun, crash, letRun, crash, letRun, onlyWaits);
    expect(waiting).toMatchObject({ kind: "waiting", crashes: 2 });
    expect(isOnTrial(waiting)).toBe(false);
  });

  it("is quarantined by the tenth crash in a row", () => {
    const history = Array.from({ length: QUARANTINE_CRASHES }, () => [letRun, crash]).flat();
    expect(after(...history.slice(0, -1))).toMatchObject({ kind: "busy", crashes: 9 });
    expect(after(...history)).toEqual({ kind: "dead", reason: "quarantined", crashes: 10 });
    expect(next(after(...history), { kind: "replayed" })).toEqual(accepted);
  });
});

describe("a run, in any history", () => {
  const anyInput: fc.Arbitrary<RunInput> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("let run" as const), life: fc.nat(99) }),
    },
    { weight: 1, arbitrary: fc.constant<RunInput>({ kind: "recorded" }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("only waits" as const),
        wakeAtMs: fc.nat(99),
        onChild: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("wakes" as const), life: fc.nat(99) }) },
    { weight: 1, arbitrary: fc.constant<RunInput>({ kind: "due" }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("life is over" as const),
        clean: fc.oneof(fc.constant(false), fc.constant(false), fc.boolean()),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<RunInput>(
        { kind: "returned" },
        { kind: "threw" },
        { kind: "cancelled" },
        { kind: "replayed" },
        { kind: "replayed" },
        { kind: "rewound" },
        { kind: "rewound" },
        { kind: "discarded" },
      ),
    },
  );

  it("counts right, is never lost, and comes back from its columns as it was", () => {
    const arrows = new Set<string>();
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 300, size: "max" }), (inputs) => {
        let state: RunState = accepted;
        let crashesInARow = 0;
        for (const input of inputs) {
          const before = state;
          state = next(before, input);
          if (state.kind !== before.kind) arrows.add(`${before.kind} > ${state.kind}`);

          const wasBusy = before.kind === "busy";
          if (wasBusy && input.kind === "life is over" && !input.clean) crashesInARow += 1;
          if (input.kind === "recorded" && wasBusy) crashesInARow = 0;
          const isBack = before.kind === "dead" && input.kind === "replayed";
          if (isBack || (wasOver(before) && input.kind === "rewound")) crashesInARow = 0;
          if (state.kind === "completed" || state.kind === "cancelled") crashesInARow = 0;
          if ("crashes" in state) expect(state.crashes).toBe(crashesInARow);
          if (state.kind === "dead" && state.reason === "quarantined") {
            expect(state.crashes).toBe(QUARANTINE_CRASHES);
          }

          const columns = toColumns(state, 1_767_225_600_000);
          expect(fromColumns(columns)).toEqual(state);
          expect(Number.isSafeInteger(columns.position)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
    expect([...arrows].sort()).toEqual(ARROWS);
  });

  it("stands in the queue behind those with fewer crashes, then behind the older", () => {
    const queued = (crashes: number, createdAtMs: number): number =>
      toColumns({ kind: "queued", crashes, boot: 0 }, createdAtMs).position;
    const nowMs = 1_767_225_600_000;
    const places = [queued(0, nowMs), queued(0, nowMs + 1), queued(1, 0), queued(9, 0)];
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});

const wasOver = ({ kind }: RunState): boolean =>
  kind === "dead" || kind === "completed" || kind === "cancelled";

/** A property that never got there proves nothing: all the arrows of the drawing. */
const ARROWS = [
  "busy > cancelled",
  "busy > completed",
  "busy > dead",
  "busy > queued",
  "busy > waiting",
  "cancelled > queued",
  "completed > queued",
  "dead > cancelled",
  "dead > queued",
  "queued > busy",
  "queued > cancelled",
  "waiting > busy",
  "waiting > cancelled",
  "waiting > completed",
  "waiting > dead",
  "waiting > queued",
];

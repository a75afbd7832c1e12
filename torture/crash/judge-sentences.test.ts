import { describe, expect, it } from "vitest";

import { Judge } from "./judge.ts";
import { ALWAYS, type Plan } from "./plan.ts";
import type { Effect, Told } from "./told.ts";

describe("the sentences of the judge", () => {
  const plan: Plan = [
    { kind: "step", name: "s1", attempts: 2, refusals: ALWAYS },
    { kind: "step", name: "s2", attempts: 1, refusals: 0 },
  ];
  const effect = (told: Partial<Effect>): Effect => ({
    kind: "effect",
    life: 1,
    run: "r",
    step: "s1",
    attempt: 1,
    key: told.step === "s2" ? "r:1" : "r:0",
    quotes: ["in"],
    nonce: "n1",
    isRefused: false,
    isAnswered: true,
    ...told,
  });
  const begun: readonly Told[] = [
    { kind: "submitted", run: "r", start: "in", plan },
    { kind: "owns", life: 1 },
  ];
  const said = (...more: readonly Told[]): readonly string[] => {
    const judge = new Judge();
    for (const told of [...begun, ...more]) judge.hear(told);
    return judge.violations.map(({ sentence }) => sentence);
  };

  it("name run, step and life of a repeat, and the proof that it was recorded", () => {
    expect(
      said(
        effect({}),
        effect({ step: "s2", quotes: ["n1"], nonce: "n2" }),
        { kind: "gone", life: 1 },
        { kind: "owns", life: 2 },
        effect({ life: 2, nonce: "n3" }),
      ),
    ).toEqual([
      "Step s1 of run r ran again in life 2 though step s2 in life 1 had quoted its result",
    ]);
  });

  it("tell a repeat within one life from one after a crash", () => {
    expect(said(effect({}), effect({ nonce: "n2" }))).toEqual([
      "Step s1 of run r ran twice in life 1 without a failure",
    ]);
  });

  it("find a failure that was recorded before all attempts had failed", () => {
    const refused = effect({ isRefused: true });
    expect(said(refused, effect({ step: "s2", quotes: ["n1"], nonce: "n2" }))).toEqual([
      "In run r, step s2 in life 1 held a failure of step s1 after 1 told failures of 2 attempts",
    ]);
  });

  it("find more attempts than were allowed", () => {
    const tries = [1, 2, 3].map((attempt) =>
      effect({ attempt, isRefused: true, nonce: `n${attempt}` }),
    );
    expect(said(...tries)).toEqual(["Step s1 of run r was tried 3 times in life 1, not 2"]);
  });

  it("find a nonce that never left the ledger", () => {
    expect(
      said(
        effect({ isAnswered: false }),
        { kind: "gone", life: 1 },
        { kind: "owns", life: 2 },
        effect({ life: 2, step: "s2", quotes: ["n1"], nonce: "n2" }),
      ),
    ).toEqual(["In run r, step s2 in life 2 held a nonce of step s1 that was never told"]);
  });

  const racing: Plan = [
    {
      kind: "race",
      name: "r1",
      branches: ["s1", "s2"].map((name) => [{ kind: "step", name, attempts: 1, refusals: 0 }]),
    },
    { kind: "step", name: "s3", attempts: 1, refusals: 0 },
  ];
  const decided: readonly Told[] = [
    { kind: "submitted", run: "q", start: "in", plan: racing },
    effect({ run: "q", nonce: "n1" }),
    effect({ run: "q", step: "s2", nonce: "n2", key: "r:1" }),
    effect({ run: "q", step: "s3", quotes: ["n2"], nonce: "n3", key: "r:2" }),
    { kind: "gone", life: 1 },
    { kind: "owns", life: 2 },
  ];

  it("find the loser of a race that runs again in a later life", () => {
    expect(said(...decided, effect({ life: 2, run: "q", nonce: "n4" }))).toEqual([
      "Step s1 of run q ran in life 2 though its race was decided in life 1",
    ]);
  });

  it("find a race that another branch has won in a later life", () => {
    const again = { life: 2, run: "q", step: "s3", quotes: ["n1"], nonce: "n4", key: "r:2" };
    expect(said(...decided, effect(again))).toEqual([
      "In run q, step s3 in life 2 held the result of s1 as that of race r1, which s2 had won",
    ]);
  });

  const cancelled: readonly Told[] = [
    { kind: "accepted", run: "r", life: 1 },
    effect({}),
    { kind: "to be cancelled", run: "r" },
    { kind: "seen", run: "r", life: 1, status: "cancelled", why: "" },
    { kind: "gone", life: 1 },
    { kind: "owns", life: 2 },
  ];

  it("find a cancelled run that goes on in a later life, and one that is running again", () => {
    const alive: Told = { kind: "seen", run: "r", life: 2, status: "running", why: "" };
    expect(said(...cancelled, { kind: "over" })).toEqual([]);
    expect(said(...cancelled, effect({ life: 2, nonce: "n2" }), alive)).toEqual([
      "Step s1 of run r ran in life 2 though the run was cancelled in life 1",
      "Run r had been cancelled in life 1 and is running in life 2",
    ]);
  });

  it("find a run that is cancelled though nobody asked for that", () => {
    const lost = cancelled.filter(({ kind }) => kind !== "to be cancelled");
    expect(said(...lost)).toEqual(["Run r is cancelled though nothing in it should end it: "]);
  });

  it("say which run is not there any more", () => {
    expect(
      said(
        { kind: "accepted", run: "r", life: 1 },
        { kind: "seen", run: "r", life: 2, status: "unknown", why: "" },
        { kind: "over" },
      ),
    ).toEqual([
      "Run r was accepted and life 2 has no such run",
      "Run r was accepted and never ended",
    ]);
  });
});

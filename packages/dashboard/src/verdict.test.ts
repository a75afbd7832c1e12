import { describe, expect, it } from "vitest";

import {
  board,
  component,
  hostile,
  incident,
  NOON,
  program,
  run,
  troubledBoard,
} from "./fixtures/boards.ts";
import type { Incident } from "./page-state.ts";
import { needsOf, verdictOf } from "./verdict.ts";

const titles = (...args: Parameters<typeof board>): readonly string[] =>
  needsOf(board(...args)).map(({ title }) => title);

describe("the sentence on top", () => {
  it("says that it is well, and what was mended", () => {
    const healing = { opened: 4, healed: 3, escalated: 1, medianMs: 900 };
    const verdict = verdictOf(board({ components: [component()], program: program({ healing }) }));
    expect(verdict).toMatchObject({ tone: "well", sentence: "Well" });
    expect(verdict.reason).toBe(
      "1 component healthy. 4 faults in the last 24 hours, 3 mended without a person.",
    );
  });

  it("says what is being mended, and since when", () => {
    const verdict = verdictOf(board({ incidents: [incident()] }));
    expect(verdict).toMatchObject({
      tone: "mending",
      sentence: "Mending: model, heartbeat-failure",
      sinceMs: NOON - 3_200,
    });
  });

  it("says who acts, and not the playbook that stands ready", () => {
    const action = { atMs: NOON, name: "restart", outcome: "succeeded", detail: "" } as const;
    const sentenceOf = (...actions: Incident["actions"]) =>
      verdictOf(board({ incidents: [incident({ actions })] })).sentence;
    const bySupervisor = { ...action, by: "supervisor" } as const;
    expect(sentenceOf(bySupervisor)).toBe("Mending: restart of model by the supervisor");
    const byPlaybook = { ...action, by: "playbook", name: "restart_service" } as const;
    expect(sentenceOf(bySupervisor, byPlaybook)).toBe("Mending: playbook restart_service of model");
    const running = { ...byPlaybook, outcome: "running" } as const;
    expect(sentenceOf(running, bySupervisor)).toBe("Mending: playbook restart_service of model");
  });

  it("names a component that is ill before anything mends it", () => {
    const health = { kind: "degraded", reason: "No heartbeat for 1.2 s" } as const;
    const verdict = verdictOf(
      board({ components: [component({ health })], program: program({ health }) }),
    );
    expect(verdict).toMatchObject({ tone: "unwell", sentence: "Degraded: model" });
  });

  it("names the one that is worst off, as the reason does", () => {
    const slow = { kind: "degraded", reason: "No heartbeat for 1.2 s" } as const;
    const health = { kind: "critical", reason: "No heartbeat for 9 s" } as const;
    const components = [
      component({ name: "slow", health: slow }),
      component({ name: "silent", health }),
    ];
    const worst = { kind: "critical", reason: "silent: No heartbeat for 9 s" } as const;
    const verdict = verdictOf(board({ components, program: program({ health: worst }) }));
    expect(verdict.sentence).toBe("Critical: silent");
  });

  it("says why no work is accepted", () => {
    const readiness = { ready: false, reasons: ["model is starting"] };
    const verdict = verdictOf(board({ program: program({ readiness }) }));
    expect(verdict).toMatchObject({ sentence: "Not ready for work", reason: "model is starting" });
  });

  it("asks for a person before it tells what is being mended", () => {
    const { sentence, reason } = verdictOf(troubledBoard());
    expect(sentence).toBe("Needs you: importer gave up");
    expect(reason).toBe("it ended with exit code 1 six times in 60 s. 1 other thing waits.");
  });

  it("tells what is being mended before a run that died and holds nothing up", () => {
    const runs = [run({ status: "dead" })];
    expect(verdictOf(board({ runs, incidents: [incident()] })).tone).toBe("mending");
    expect(verdictOf(board({ runs })).sentence).toBe("Needs you: run digest failed for good");
  });
});

describe("a page that is not live", () => {
  it("claims nothing, says how it was and counts on", () => {
    expect(verdictOf(board(), NOON)).toEqual({
      tone: "unknown",
      sentence: "The runtime does not answer",
      sinceMs: NOON,
      reason: "The last word was: Well. The page asks again by itself until it is answered.",
    });
  });

  it("tells an orderly stop from a crash", () => {
    expect(verdictOf(board(), NOON, true)).toMatchObject({
      tone: "stopped",
      sentence: "The program was stopped",
      sinceMs: NOON,
    });
    expect(verdictOf(board(), null, true).tone).toBe("well");
  });
});

describe("what waits for a person", () => {
  it("is nothing when all is well or being mended", () => {
    expect(titles({ components: [component()], incidents: [incident()] })).toEqual([]);
  });

  it("is what the supervisor left alone, with the command that tries again", () => {
    const components = [component({ phase: "gave-up", restarts: 4 })];
    const [need] = needsOf(board({ components }));
    expect(need).toMatchObject({
      title: "model gave up",
      reason: "It was restarted 4 times.",
      command: "npx kintsugi restart model",
    });
  });

  it("is an incident that nobody could mend, until the same trouble came and went", () => {
    const escalated = incident({ id: "a", status: "escalated", endedAtMs: NOON });
    const later = incident({
      id: "b",
      status: "resolved",
      openedAtMs: NOON + 1,
      endedAtMs: NOON + 2,
    });
    expect(titles({ incidents: [escalated] })).toEqual(["nobody could mend model"]);
    expect(titles({ incidents: [later, escalated] })).toEqual([]);
    const left = { ...later, status: "suppressed" } as const;
    expect(titles({ incidents: [left, escalated] })).toEqual(["nobody could mend model"]);
  });

  it("is told once where the component waits already", () => {
    const components = [component({ phase: "crash-looping" })];
    const incidents = [incident({ status: "escalated", endedAtMs: NOON })];
    expect(titles({ components, incidents })).toEqual(["model crashes again and again"]);
  });

  it("is a full disk", () => {
    const store = { kind: "full", sinceMs: NOON } as const;
    expect(titles({ program: program({ store }) })).toEqual(["the disk is full"]);
  });

  it("shows the words of others as text", () => {
    const error = { name: "E", message: hostile, step: null };
    const [need] = needsOf(board({ runs: [run({ status: "dead", error })] }));
    expect(need?.reason).toBe("E: <img src=x onerror=alert(1)>␛[31m\uFFFDtxt.exe");
  });
});

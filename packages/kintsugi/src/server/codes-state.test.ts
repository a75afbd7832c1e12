import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  CODE_LIFE_MS,
  type CodesState,
  exchangeCode,
  issueCode,
  MOST_CODES,
  MOST_WRONG,
  noCodes,
  WRONG_WINDOW_MS,
} from "./codes-state.ts";

const hashOf = (code: string): string => createHash("sha256").update(code).digest("hex");

/** Codes issued at 0. */
const issued = (...codes: readonly string[]): CodesState =>
  codes.reduce((state, code) => issueCode(state, hashOf(code), 0), noCodes);

const exchange = (state: CodesState, code: string, nowMs = 0) =>
  exchangeCode(state, hashOf(code), nowMs);

describe("a code", () => {
  it("is right once", () => {
    const first = exchange(issued("a", "b"), "a");
    expect(first.outcome).toBe("right");
    expect(exchange(first.state, "a").outcome).toBe("wrong");
    expect(exchange(first.state, "b").outcome).toBe("right");
  });

  it("is right until its time is over", () => {
    expect(exchange(issued("a"), "a", CODE_LIFE_MS - 1).outcome).toBe("right");
    expect(exchange(issued("a"), "a", CODE_LIFE_MS).outcome).toBe("wrong");
  });

  it("makes room for a newer one when there are too many", () => {
    const codes = Array.from({ length: MOST_CODES + 1 }, (_, index) => `code ${index}`);
    const state = issued(...codes);
    expect(state.outstanding).toHaveLength(MOST_CODES);
    expect(codes.map((code) => exchange(state, code).outcome)).toEqual([
      "wrong",
      ...Array(MOST_CODES).fill("right"),
    ]);
  });

  it("is right however many were wrong before it", () => {
    let state = issued("a");
    const outcomes = Array.from({ length: MOST_WRONG + 2 }, () => {
      const taken = exchange(state, "x");
      state = taken.state;
      return taken.outcome;
    });
    expect(outcomes).toEqual([...Array(MOST_WRONG).fill("wrong"), "too-many", "too-many"]);
    expect(exchange(state, "x", WRONG_WINDOW_MS).outcome).toBe("wrong");
    expect(exchange(state, "a").outcome).toBe("right");
  });
});

it("never takes a code twice, nor one that was not issued, and stays small", () => {
  const code = fc.constantFrom("a", "b", "c", "d");
  const step = fc.record({ code, isIssue: fc.boolean(), waitMs: fc.nat({ max: CODE_LIFE_MS }) });
  const taken = new Set<string>();
  const history = fc.array(step, { maxLength: 80, size: "max" });
  fc.assert(
    fc.property(history, (steps) => {
      let state = noCodes;
      let nowMs = 0;
      const untilMs = new Map<string, number[]>();
      for (const { code: given, isIssue, waitMs } of steps) {
        nowMs += waitMs;
        const valid = (untilMs.get(given) ?? []).filter((endMs) => nowMs < endMs);
        if (isIssue) {
          state = issueCode(state, hashOf(given), nowMs);
          untilMs.set(given, [...valid, nowMs + CODE_LIFE_MS]);
        } else {
          const result = exchange(state, given, nowMs);
          state = result.state;
          untilMs.set(given, []);
          if (valid.length === 0) expect(result.outcome).not.toBe("right");
          else expect(["right", "wrong"]).toContain(result.outcome);
          taken.add(result.outcome);
        }
        expect(state.outstanding.length).toBeLessThanOrEqual(MOST_CODES);
        expect(state.wrongAtMs.length).toBeLessThanOrEqual(MOST_WRONG);
      }
    }),
  );
  expect(taken).toContain("right");
  expect(taken).toContain("wrong");
});

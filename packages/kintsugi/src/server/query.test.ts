import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { lastIdOf, limitOf, momentOf, parameters, statusesOf, statusOf, typesOf } from "./query.ts";
import { Refusal } from "./refusal.ts";

describe("what a request asks for", () => {
  it("is taken as it is known", () => {
    expect(parameters({ status: "dead", limit: "5" }, "status", "limit")).toEqual({
      status: "dead",
      limit: "5",
    });
    expect(limitOf("1000")).toEqual({ limit: 1_000 });
    expect(statusOf("dead", ["running", "dead"])).toEqual({ status: "dead" });
    expect(statusesOf("dead,running,dead", ["running", "dead"])).toEqual({
      status: ["dead", "running"],
    });
    expect(momentOf("sinceMs", "1700000000000")).toEqual({ sinceMs: 1_700_000_000_000 });
    expect(momentOf("sinceMs", "1970-01-02")).toEqual({ sinceMs: 86_400_000 });
    expect(momentOf("sinceMs", "1970-01-01T00:00:01Z")).toEqual({ sinceMs: 1_000 });
    expect(typesOf("incident.,run.completed")).toEqual(["incident.", "run.completed"]);
    expect(lastIdOf("17")).toBe(17);
    expect([limitOf(undefined), statusOf(undefined, []), typesOf(undefined)]).toEqual([
      {},
      {},
      undefined,
    ]);
  });

  it.each([
    ["an unknown parameter", () => parameters({ stats: "x" }, "status"), 'no parameter "stats"'],
    ["one given twice", () => parameters({ status: ["a", "b"] }, "status"), "given once"],
    ["one that is too long", () => parameters({ id: "x".repeat(513) }, "id"), "at most 512"],
    ["no limit", () => limitOf("0"), "from 1 to 1000"],
    ["too much", () => limitOf("1001"), "from 1 to 1000"],
    ["half a number", () => limitOf("1e2"), "whole number"],
    ["a status that is none", () => statusOf("ded", ["dead"]), "one of dead"],
    ["one of several that is none", () => statusesOf("dead,", ["dead"]), "one of dead"],
    ["no moment", () => momentOf("sinceMs", "yesterday"), "sinceMs must be epoch milliseconds"],
    ["no id", () => lastIdOf("-1"), "a whole number"],
    ["an id beyond all numbers", () => lastIdOf("9".repeat(20)), "a whole number"],
    ["types of nothing", () => typesOf(""), "names or beginnings"],
    ["too many types", () => typesOf(Array(33).fill("a").join(",")), "at most 32"],
  ])("is refused with what was expected: %s", (_, read, message) => {
    expect(read).toThrow(Refusal);
    expect(read).toThrow(message);
  });

  it("is understood or refused, whatever it is", () => {
    const query = fc.oneof(fc.dictionary(fc.string(), fc.anything()), fc.constant(null));
    fc.assert(
      fc.property(query, fc.string(), (asked, text) => {
        for (const read of [
          () => parameters(asked, "status"),
          () => limitOf(text),
          () => statusOf(text, ["dead"]),
          () => statusesOf(text, ["dead"]),
          () => momentOf("untilMs", text),
          () => lastIdOf(text),
          () => typesOf(text),
        ]) {
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
          }
        }
      }),
    );
  });
});

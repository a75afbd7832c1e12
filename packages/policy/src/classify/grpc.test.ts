/**
 * Errors of gRPC, as @grpc/grpc-js and @connectrpc/connect throw them. Sources: gRPC's list of status codes
 * and proposal A6, "Client Retries" (server push-back); google.rpc.RetryInfo.
 */

import { describe, expect, it } from "vitest";

import { manualClock } from "../base/fixtures/clocks.ts";
import { type Classification, createClassifier } from "./classify.ts";

const clock = manualClock();
const classify = (fields: object): Classification =>
  createClassifier({ clock }).classify(Object.assign(new Error("it failed"), fields));

/** Metadata gives a list for every name. */
class Metadata {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  get(name: string): readonly string[] {
    const value = this.#values[name];
    return value === undefined ? [] : [value];
  }
}

const status = (code: number, metadata: Readonly<Record<string, string>> = {}): object => ({
  code,
  details: "no",
  metadata: new Metadata(metadata),
});

const fault = { class: "unknown", retryable: false, outcome: "ignore" } as const;
const again = { class: "unknown", retryable: true, outcome: "failure" } as const;

describe("an error of gRPC", () => {
  it.each<[number, string, Partial<Classification>]>([
    [1, "CANCELLED", { class: "aborted", retryable: false, outcome: "ignore" }],
    [2, "UNKNOWN", again],
    [3, "INVALID_ARGUMENT", fault],
    [4, "DEADLINE_EXCEEDED", { class: "timeout", retryable: true }],
    [5, "NOT_FOUND", fault],
    [6, "ALREADY_EXISTS", fault],
    [7, "PERMISSION_DENIED", { class: "auth", retryable: false }],
    [8, "RESOURCE_EXHAUSTED", { class: "rate-limit", retryable: true, outcome: "ignore" }],
    [9, "FAILED_PRECONDITION", fault],
    [10, "ABORTED", { class: "db-lock", retryable: true, outcome: "ignore" }],
    [11, "OUT_OF_RANGE", fault],
    [12, "UNIMPLEMENTED", fault],
    [13, "INTERNAL", again],
    [14, "UNAVAILABLE", { class: "overloaded", retryable: true, outcome: "failure" }],
    [15, "DATA_LOSS", { class: "unknown", retryable: false, outcome: "failure" }],
    [16, "UNAUTHENTICATED", { class: "auth", retryable: false }],
  ])("with %d is %s, as its name is: %o", (code, name, expected) => {
    expect(classify(status(code))).toMatchObject(expected);
    expect(classify({ error: { status: name } })).toMatchObject(expected);
    expect(classify({ headers: { "grpc-status": String(code) } })).toMatchObject(expected);
    expect(classify({ code, metadata: new Headers() })).toMatchObject(expected);
  });

  it("is none where a number alone says nothing", () => {
    expect(classify({ code: 14 })).toMatchObject({ class: "unknown", evidence: "nothing" });
    expect(classify(status(0))).toMatchObject({ class: "unknown", evidence: "nothing" });
    expect(classify(status(99))).toMatchObject({ class: "unknown", evidence: "nothing" });
    expect(classify({ code: 14, metadata: "none" })).toMatchObject({ evidence: "nothing" });
    expect(classify({ headers: { "grpc-status": "down" } })).toMatchObject({ evidence: "nothing" });
  });

  it("is told by its details where it has no metadata", () => {
    expect(classify({ code: 14, details: "no" })).toMatchObject({ class: "overloaded" });
  });

  it("has metadata that asks for a wait, which that of other errors does not", () => {
    const metadata = { "retry-after": "7" };
    expect(classify({ code: 14, metadata }).retryAfterMs).toBe(7_000);
    expect(classify({ code: "ECONNRESET", metadata }).retryAfterMs).toBeUndefined();
  });

  it.each<[string, Partial<Classification>]>([
    ["1500", { retryable: true, retryAfterMs: 1_500, pushedBack: true }],
    ["0", { retryable: true, retryAfterMs: 0, pushedBack: true }],
    ["-1", { retryable: false, pushedBack: true }],
    ["soon", { retryable: false, pushedBack: true }],
    ["1.5", { retryable: false, pushedBack: true }],
  ])("whose server pushes back with %o is %o", (told, expected) => {
    const pushed = { "grpc-retry-pushback-ms": told };
    expect(classify(status(14, pushed))).toMatchObject(expected);
    expect(classify(status(14, pushed)).retryAfterMs).toBe(expected.retryAfterMs);
  });

  it("is not tried again for a push-back where another attempt could not end better", () => {
    const judged = classify(status(3, { "grpc-retry-pushback-ms": "10" }));
    expect(judged).toMatchObject({ retryable: false });
    expect(judged.pushedBack).toBeUndefined();
  });

  it("asks for the wait that a client has unpacked from its details", () => {
    const waits = [{ retryDelay: { seconds: "2", nanos: 500_000_000 } }, { retryDelay: "3s" }];
    const asked = waits.map((wait) => classify({ ...status(8), statusDetails: [{}, wait] }));
    expect(asked.map(({ retryAfterMs }) => retryAfterMs)).toEqual([2_500, 3_000]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type SentEvent, sseReader } from "./sse.ts";

const read = (...pieces: readonly string[]): readonly SentEvent[] => {
  const reader = sseReader();
  return pieces.flatMap((piece) => reader.push(piece));
};

describe("a stream of events", () => {
  it.each([
    ["an event", "id: 1\nevent: a.b\ndata: {}\n\n", [{ id: "1", type: "a.b", data: "{}" }]],
    ["one without a type", "data: x\n\n", [{ id: null, type: "message", data: "x" }]],
    ["data on two lines", "data: x\ndata:  y\n\n", [{ id: null, type: "message", data: "x\n y" }]],
    ["comments and pings", ": ping\n\n:\n\n", []],
    ["no data", "id: 1\nevent: a\n\ndata: x\n\n", [{ id: null, type: "message", data: "x" }]],
    ["fields of others", "retry: 5\nfoo: 1\ndata\n\n", [{ id: null, type: "message", data: "" }]],
    ["an unfinished event", "data: x\n", []],
    ["line ends of Windows", "id: 7\r\ndata: x\r\n\r\n", [{ id: "7", type: "message", data: "x" }]],
  ])("is read as the standard says: %s", (_, text, events) => {
    expect(read(text)).toEqual(events);
  });

  it("means the same however it is cut", () => {
    const line = fc.constantFrom("id: 1", "event: a", "data: {}", "data: é", ": ping", "", "");
    const end = fc.constantFrom("\n", "\r\n");
    const text = fc
      .array(fc.tuple(line, end), { maxLength: 30, size: "max" })
      .map((lines) => lines.map((each) => each.join("")).join(""));
    let found = 0;
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
        const places = [0, ...cuts.filter((at) => at < whole.length).toSorted((a, b) => a - b)];
        const pieces = places.map((at, index) => whole.slice(at, places[index + 1]));
        expect(read(...pieces)).toEqual(read(whole));
        found += read(whole).length;
      }),
    );
    expect(found).toBeGreaterThan(100);
  });

  it("is not read for ever", () => {
    expect(() => read("data: ", "x".repeat(5 * 2 ** 20))).toThrow(RangeError);
    expect(() => read(...Array(6).fill(`data: ${"x".repeat(2 ** 20)}\n`))).toThrow(RangeError);
  });
});

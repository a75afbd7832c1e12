import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readFromComponent, readFromSupervisor } from "./component-frames.ts";
import { encodeFrame, type Frame, frameReader, MAX_LINE_LENGTH } from "./frame.ts";

function setup() {
  const frames: Frame[] = [];
  const complaints: string[] = [];
  const read = frameReader(
    (frame) => void frames.push(frame),
    (why) => void complaints.push(why),
  );
  return { frames, complaints, read };
}

describe("frames on their way", () => {
  it("arrive whole and in order, however the stream is cut", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 20 });
    const anyFrame = fc.record({ kind: fc.constantFrom("beat", "hello"), text: anyText });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 5 }), fc.array(fc.nat()), (sent, cuts) => {
        const { frames, complaints, read } = setup();
        const stream = sent.map(encodeFrame).join("");
        const places = cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b);
        for (const [index, from] of [0, ...places].entries())
          read(stream.slice(from, places[index]));
        expect(frames).toEqual(sent.map((frame) => ({ v: 1, ...frame })));
        expect(complaints).toEqual([]);
      }),
    );
  });

  it("never make the reader throw, whatever they are", () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.constant("\n"),
      fc.json(),
      fc.constant('{"v":1,"kind":3}\n'),
    );
    fc.assert(
      fc.property(fc.array(anyText), (pieces) => {
        const { read } = setup();
        for (const piece of pieces) read(piece);
      }),
    );
  });
});

describe("a line that is no frame of ours", () => {
  it.each([
    ["garbage", 'A line is not JSON: "garbage"'],
    ["[1]", 'A line is not a frame: "[1]"'],
    ["null", 'A line is not a frame: "null"'],
    ['{"v":2,"kind":"beat"}', "A frame has version 2, ours is 1"],
    ['{"kind":"beat"}', "A frame has version undefined, ours is 1"],
    ['{"v":1}', 'A frame has no kind: "{\\"v\\":1}"'],
  ])("is named in a sentence, and the next one is read: %s", (line, sentence) => {
    const { frames, complaints, read } = setup();
    read(`${line}\n\n${encodeFrame({ kind: "beat" })}`);
    expect(complaints).toEqual([sentence]);
    expect(frames).toEqual([{ v: 1, kind: "beat" }]);
  });

  it("is given up at the longest length, in pieces or at once, and reported once", () => {
    for (const size of [MAX_LINE_LENGTH * 3, 1_000]) {
      const { frames, complaints, read } = setup();
      const stream = `${"x".repeat(MAX_LINE_LENGTH * 2)}\n${encodeFrame({ kind: "beat" })}`;
      for (let from = 0; from < stream.length; from += size) read(stream.slice(from, from + size));
      expect(complaints).toEqual([`A line is longer than 65536 characters; it is skipped`]);
      expect(frames).toHaveLength(1);
    }
  });

  it("is not written either", () => {
    const text = "x".repeat(MAX_LINE_LENGTH);
    expect(() => encodeFrame({ kind: "log", text } as { kind: string })).toThrow(RangeError);
  });
});

describe("the frames of the component socket", () => {
  const frame = (fields: { kind: string }): Frame => ({ v: 1, ...fields });

  it.each([
    { kind: "hello", instance: "i", component: "c", incarnation: 1, pid: 2, startTicks: "3" },
    { kind: "beat", n: 1, rssBytes: 2, loopDelayMs: 0.5 },
    { kind: "beat", n: 1 },
    { kind: "health", health: { kind: "healthy" } },
    { kind: "health", health: { kind: "degraded", reason: "slow" } },
    { kind: "goodbye" },
  ])("from a component are understood: $kind", (sent) => {
    expect(readFromComponent(frame(sent))).toEqual(sent);
  });

  it.each([
    { kind: "welcome", heartbeatMs: 1_000 },
    { kind: "stop", deadlineMs: 0 },
    { kind: "fault", fault: "hang", ms: 1 },
    { kind: "fault", fault: "leak", bytesPerSecond: 1 },
    { kind: "fault", fault: "crash" },
    { kind: "fault", fault: "fail-calls", rate: 0.2 },
  ])("from the supervisor are understood: $kind $fault", (sent) => {
    expect(readFromSupervisor(frame(sent))).toEqual(sent);
  });

  it.each([
    { kind: "hello", instance: "i", component: "c", incarnation: "1", pid: 2, startTicks: "3" },
    { kind: "hello", instance: "i", component: 7, incarnation: 1, pid: 2, startTicks: "3" },
    { kind: "beat" },
    { kind: "beat", n: -1 },
    { kind: "health", health: { kind: "degraded" } },
    { kind: "health", health: { kind: "well" } },
    { kind: "health", health: null },
    { kind: "welcome" },
    { kind: "stop", deadlineMs: null },
    { kind: "fault", fault: "hang" },
    { kind: "fault", fault: "flood", rate: 1 },
    { kind: "party" },
  ])("are dropped when a field is wrong: %o", (sent) => {
    expect(readFromComponent(frame(sent))).toBeUndefined();
    expect(readFromSupervisor(frame(sent))).toBeUndefined();
  });
});

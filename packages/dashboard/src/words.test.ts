import { expect, it } from "vitest";

import {
  callsCounted,
  claimed,
  clockTime,
  coarseSpan,
  counted,
  isLong,
  shortSpan,
  size,
  span,
} from "./words.ts";

it.each([
  [-5, "0.0 s"],
  [3_240, "3.2 s"],
  [9_949, "9.9 s"],
  [9_960, "9 s"],
  [192_000, "3 min 12 s"],
  [180_000, "3 min"],
  [7_500_000, "2 h 5 min"],
  [532_800_000, "6 d 4 h"],
])("says %d ms as %s", (ms, said) => {
  expect(span(ms)).toBe(said);
});

it("counts whole seconds where it counts on", () => {
  expect([coarseSpan(999), coarseSpan(3_999)]).toEqual(["0 s", "3 s"]);
});

it("says what else has a unit", () => {
  expect([shortSpan(184.4), shortSpan(1_200)]).toEqual(["184 ms", "1.2 s"]);
  expect([size(0), size(1_536), size(157_286_400)]).toEqual(["0 B", "1.5 KB", "150 MB"]);
  expect([counted(1, "run"), counted(1_234, "run")]).toEqual(["1 run", "1,234 runs"]);
});

it("tells the time of Greenwich, and that a time is none", () => {
  expect(clockTime(1_767_268_800_000, "utc")).toBe("12:00:00");
  expect(clockTime(Number.NaN, "utc")).toBe("--:--:--");
});

it("claims nothing of a time of which nothing was heard", () => {
  expect(claimed("none open", null, "utc")).toBe("none open");
  expect(claimed("none open", 1_767_268_800_000, "utc")).toBe("not known since 12:00:00");
});

it("says of what the retries are a part", () => {
  expect(callsCounted(222, "12:03:04")).toBe("retried, of 222 calls since 12:03:04");
});

it("folds a message only where it would fill the list", () => {
  expect([isLong("x".repeat(120)), isLong("x".repeat(121)), isLong("a\nb\nc\nd")]).toEqual([
    false,
    true,
    true,
  ]);
});

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

import { shellWord } from "./shell-word.ts";

/** What a shell makes of a word. */
const typed = (word: string | undefined): readonly string[] =>
  execFileSync("sh", ["-c", `printf '%s\\n' ${word}`], { encoding: "utf8" })
    .trimEnd()
    .split("\n");

describe("a word of a command that is copied", () => {
  it.each([
    "digest",
    "heal/4ba0-18ef/1",
    "a b",
    "x; echo no",
    "$(id)",
    "`id`",
    `it's "so"`,
    "*",
    "#1",
  ])("means itself and nothing else: %s", (text) => {
    expect(typed(shellWord(text))).toEqual([text]);
  });

  it("is as it was where nothing has to be quoted", () => {
    expect(shellWord("digest-1/a.b@c")).toBe("digest-1/a.b@c");
  });

  it("is no option", () => {
    expect(shellWord("--json")).toBe("-- '--json'");
  });

  it.each(["a\nrm", "\u001b[2J", "\u202eab", "x".repeat(3_000), ""])("is none: %j", (text) => {
    expect(shellWord(text)).toBeUndefined();
  });
});

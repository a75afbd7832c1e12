import { describe, expect, it } from "vitest";

import { createScreen } from "./screen.ts";

function setup(isTTY: boolean) {
  let written = "";
  const out = { isTTY, write: (text: string) => (written += text) };
  return { screen: createScreen(out as unknown as NodeJS.WriteStream), written: () => written };
}

describe("a terminal", () => {
  it("shows what would steer it as text, in lines and beside the bar", () => {
    const { screen, written } = setup(true);
    const hostile = "\u001b[2J\u001b]0;owned\u0007<img src=x>\u202eback";
    screen.line(hostile);
    screen.progress(1, 2, hostile);
    // Only the screen's own moves: to the start of the line, and clearing it.
    const steering = written().replaceAll("\r\u001b[2K", "").replaceAll("\n", "");
    expect(steering).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(steering).toContain("<img src=x>");
  });

  it("keeps its bar below the lines, and takes it away at the end", () => {
    const { screen, written } = setup(true);
    screen.progress(1, 2, "half");
    screen.line("a line");
    const bar = `  ${"█".repeat(15)}${"░".repeat(15)} 1 of 2  half`;
    expect(written().endsWith(`a line\n\r\u001b[2K${bar}`)).toBe(true);
    screen.end();
    screen.line("the last line");
    expect(written().endsWith("\r\u001b[2Kthe last line\n")).toBe(true);
  });
});

describe("a pipe", () => {
  it("takes a line for every tenth part, and no bar", () => {
    const { screen, written } = setup(false);
    for (let done = 0; done <= 100; done += 1) screen.progress(done, 100, "");
    expect(written().split("\n")).toHaveLength(12);
    for (const move of ["\r", "\u001b", "█"]) expect(written()).not.toContain(move);
  });
});

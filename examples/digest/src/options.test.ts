import { describe, expect, it } from "vitest";

import { readWish } from "./options.ts";

describe("what stands behind npm start", () => {
  it("is nothing, mostly", () => {
    const options = { once: false, bare: false, seed: "kintsugi", folder: undefined };
    expect(readWish([])).toEqual({ kind: "start", options });
  });

  it("may be all there is", () => {
    const options = { once: true, bare: true, seed: "a bad day", folder: "some/folder" };
    const args = ["--once", "--bare", "--seed", "a bad day", "some/folder"];
    expect(readWish(args)).toEqual({ kind: "start", options });
  });

  it("may ask for help, whatever else it says", () => {
    expect(readWish(["--once", "-h"])).toEqual({ kind: "help" });
  });

  it.each([
    [["--bear"], "Unknown option '--bear'"],
    [["-x"], "Unknown option '-x'"],
    [["--seed"], "Option '--seed <value>' argument missing"],
    [["--seed", ""], "--seed takes a text of 1 to 100 characters"],
    [["--once=yes"], "Option '--once' does not take an argument"],
    [["one", "two"], "One folder can be read, not 2"],
  ])("is refused in a sentence when it is %j", (args, why) => {
    expect(readWish(args)).toEqual({ kind: "wrong", why });
  });
});

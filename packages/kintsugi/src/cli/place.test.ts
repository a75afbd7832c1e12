import { describe, expect, it } from "vitest";

import { writtenFolder } from "./place.ts";

describe("the data folder that a file names plainly", () => {
  it.each([
    ["", ".kintsugi"],
    ["name: x\n", ".kintsugi"],
    ["# dataDir: old\nname: x\n", ".kintsugi"],
    ["dataDir: state\n", "state"],
    ["name: x\r\ndataDir: ../state here  # beside it\r\n", "../state here"],
    ['dataDir: "a # b"\n', "a # b"],
    ["dataDir: 'C: x' # why\n", "C: x"],
    ["dataDir: /var/lib/x#1\n", undefined],
  ])("of %j is %j", (text, dataDir) => {
    expect(writtenFolder(text)).toBe(dataDir);
  });

  it.each([
    "{ dataDir: state }",
    "dataDir:\n  state\n",
    "dataDir: |\n  state\n",
    "dataDir: *folder\n",
    'dataDir: "a\\tb"\n',
    "dataDir: a\ndataDir: b\n",
    "x:\n  dataDir: a\n",
    "dataDir: ''''\n",
  ])("is left to a parser where it is said in another way: %j", (text) => {
    expect(writtenFolder(text)).toBeUndefined();
  });
});

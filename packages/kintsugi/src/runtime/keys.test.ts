import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { defaultConfig } from "../config/index.ts";
import { systemHost } from "../host/index.ts";
import { valueOptions } from "./keys.ts";

const SECRET = Buffer.alloc(32, 7).toString("base64");

function setup(env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const options = (key: { file: string } | { env: string }) => {
    const encryption = { current: "k", keys: [{ id: "k", ...key }] };
    const { workflows } = defaultConfig(
      { workflows: { encryption, compressFrom: "64KB" } },
      folder,
    );
    return valueOptions(workflows, { env, files: systemHost().files });
  };
  return { folder, options };
}

const told = {
  compressFrom: 65_536,
  encryption: { current: "k", keys: [{ id: "k", secret: SECRET }] },
};

describe("a key for the values of runs", () => {
  it("is read from a variable", () => {
    expect(setup({ KEY: SECRET }).options({ env: "KEY" })).toEqual(told);
  });

  it("is read from a file, whose path starts where the configuration stands", () => {
    const { folder, options } = setup();
    writeFileSync(join(folder, "k.key"), SECRET);
    expect(options({ file: "k.key" })).toEqual(told);
  });

  it("that is not there is named by its id, with what is missing", () => {
    const { folder, options } = setup();
    expect(() => options({ env: "KEY" })).toThrow(
      'Key "k" of workflows.encryption cannot be read: the variable KEY is not set',
    );
    expect(() => options({ file: "k.key" })).toThrow(
      `Key "k" of workflows.encryption cannot be read: the file ${join(folder, "k.key")} is not there, or empty`,
    );
  });

  it("is in one place", () => {
    const { options } = setup();
    expect(() => options({ file: "a", env: "B" })).toThrow(
      /workflows\.encryption\.keys\[0\] .*expected a key with `file` or `env`, one of the two/,
    );
  });
});

import { describe, expect, it } from "vitest";

import { simulatedWorld } from "../testing/index.ts";
import { engageKillSwitch, readKillSwitch, releaseKillSwitch } from "./kill-switch.ts";

const down = { form: "down", by: "ada", why: "night" } as const;
const kill = { form: "kill", by: "bob", why: "smoke" } as const;

function setup() {
  const { files } = simulatedWorld({ seed: 1 }).host();
  const path = "/kill-switch.json";
  return {
    files,
    path,
    read: () => readKillSwitch(files, path),
    engage: (request: typeof down | typeof kill) => engageKillSwitch(files, path, request, 7),
  };
}

describe("a kill switch", () => {
  it("is released until somebody engages it, and says who, when and why", () => {
    const { read, engage, files, path } = setup();
    expect(read()).toEqual({ kind: "released" });
    engage(down);
    expect(read()).toEqual({ kind: "engaged", ...down, atMs: 7 });
    releaseKillSwitch(files, path);
    expect(read()).toEqual({ kind: "released" });
  });

  it("gets stronger, never weaker", () => {
    const { read, engage } = setup();
    engage(down);
    engage(kill);
    expect(read()).toMatchObject(kill);
    engage(down);
    expect(read()).toMatchObject(kill);
  });

  it.each([
    "",
    "null",
    "{",
    "[]",
    '{"v":2,"form":"down","by":"a","why":"b","atMs":1}',
    '{"v":1,"form":"off","by":"a","why":"b","atMs":1}',
    '{"v":1,"form":"down","by":"a","atMs":1}',
    '{"v":1,"form":"down","by":"a","why":"b"}',
  ])("that nobody can read is no released one: %j", (text) => {
    const { read, engage, files, path } = setup();
    files.writeAtomic(path, text);
    expect(read()).toMatchObject({ kind: "unreadable" });
    engage(down);
    expect(read()).toMatchObject({ kind: "unreadable" });
    engage(kill);
    expect(read()).toMatchObject(kill);
  });

  it("is not released when the machine will not let it be read", () => {
    const { files } = setup();
    const read = (): never => {
      throw new Error("EACCES");
    };
    const found = readKillSwitch({ ...files, read }, "/kill-switch.json");
    expect(found).toEqual({ kind: "unreadable", reason: "Error: EACCES" });
  });
});

import { seededRandom } from "@kintsugi/policy/base";
import { describe, expect, it } from "vitest";

import { manualClock } from "../testing/index.ts";
import { Sessions } from "./sessions.ts";

const refused = { code: "KINTSUGI_CODE_REFUSED" };

function setup(written?: string) {
  const clock = manualClock();
  const files = new Map<string, string>(written === undefined ? [] : [["codes", written]]);
  const modes: (number | undefined)[] = [];
  const errors: unknown[] = [];
  let isFull = false;
  const shelf = {
    file: "codes",
    files: {
      read: (path: string) => files.get(path),
      writeAtomic: (path: string, text: string, mode?: number) => {
        if (isFull) throw new Error("no space left on device");
        files.set(path, text);
        modes.push(mode);
      },
    },
  };
  const session = { token: "a session", expiresAtMs: 1, scopes: ["operate"] as const };
  const tokens = { find: () => undefined, openSession: () => session };
  /** A runtime that takes over what the one before left. */
  const life = (seed: string): Sessions =>
    new Sessions({
      tokens,
      clock,
      random: seededRandom(seed),
      shelf,
      onError: (error) => void errors.push(error),
    });
  const fill = (): void => {
    isFull = true;
  };
  return { clock, files, modes, errors, life, fill };
}

describe("a code of a runtime that was killed", () => {
  it("opens the page at the next one, once, in what is left of its minute", async () => {
    const { clock, life } = setup();
    const { code } = life("first").code();
    await clock.advance(59_000);
    const next = life("second");
    expect(next.open(code, 4_600).token).toBe("a session");
    expect(() => next.open(code, 4_600)).toThrow(expect.objectContaining(refused));
    expect(() => life("third").open(code, 4_600)).toThrow(expect.objectContaining(refused));
  });

  it("is worth nothing after its minute", async () => {
    const { clock, life } = setup();
    const { code } = life("first").code();
    await clock.advance(30_000);
    const next = life("second");
    await clock.advance(30_000);
    expect(() => next.open(code, 4_600)).toThrow(expect.objectContaining(refused));
  });

  it("is kept as a hash, for its owner's eyes", () => {
    const { files, modes, life } = setup();
    const { code } = life("first").code();
    expect(files.get("codes")).not.toContain(code);
    expect(files.get("codes")).toMatch(/^\[\{"hash":"[0-9a-f]{64}","untilEpochMs":\d+\}\]\n$/);
    expect(modes).toEqual([0o600]);
  });

  it("lives no longer because the clock on the wall was set back", async () => {
    const { clock, life } = setup();
    const { code } = life("first").code();
    clock.jump(-3_600_000);
    const next = life("second");
    await clock.advance(60_000);
    expect(() => next.open(code, 4_600)).toThrow(expect.objectContaining(refused));
  });
});

describe("the file of codes", () => {
  it.each(["{", '"text"', '[{"hash":"x","untilEpochMs":1}]', "[null]"])(
    "may hold %s, which is told and hinders nobody",
    (written) => {
      const { errors, life } = setup(written);
      const sessions = life("next");
      expect(errors).toHaveLength(1);
      expect(sessions.open(sessions.code().code, 4_600).token).toBe("a session");
    },
  );

  it("that finds no room gives a code all the same, and opens nothing with it", () => {
    const { errors, fill, life } = setup();
    const sessions = life("first");
    fill();
    const { code } = sessions.code();
    expect(() => sessions.open(code, 4_600)).toThrow(
      expect.objectContaining({ code: "KINTSUGI_SESSION_UNSTORED", status: 503 }),
    );
    expect(errors).toHaveLength(2);
  });
});

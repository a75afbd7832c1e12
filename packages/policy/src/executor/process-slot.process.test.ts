import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const fixture = (name: string): string => join(import.meta.dirname, "fixtures", name);
const source = join(import.meta.dirname, "..");

const run = (flags: readonly string[], name: string, ...args: readonly string[]): unknown => {
  const text = execFileSync(process.execPath, [...flags, fixture(name), ...args], {
    encoding: "utf8",
    env: { ...process.env, RESILIENCE_ENABLED: "" },
  });
  return JSON.parse(text);
};

/** The sources once more, in a folder of their own. */
function secondCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), "kintsugi-copy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const isSource = (path: string): boolean => !/\.test\.ts$/.test(path);
  cpSync(source, join(folder, "src"), { recursive: true, filter: isSource });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return join(folder, "src", "index.ts");
}

describe("two copies of the package in one process", () => {
  it("share circuits, totals and the switch", () => {
    const seen = run([], "two-copies.ts", join(source, "index.ts"), secondCopy());
    expect(seen).toEqual({
      areTwo: true,
      one: "open",
      two: "open",
      calls: [2, 2],
      refused: "KINTSUGI_CIRCUIT_OPEN",
      enabled: [false, false],
      lone: false,
      slot: ["1"],
    });
  });

  it.each([["0"], ["2"]])(
    "share with each other, beside one of protocol %s, which keeps what it has",
    (protocol) => {
      const other = JSON.stringify({ [protocol]: { shape: "unknown" } });
      const seen = run([], "two-copies.ts", join(source, "index.ts"), secondCopy(), other);
      expect(seen).toMatchObject({ one: "open", two: "open", calls: [2, 2] });
      expect(seen).toMatchObject({ slot: [protocol, "1"].toSorted() });
    },
  );

  it("keep to themselves where something else stands in the place", () => {
    const seen = run([], "two-copies.ts", join(source, "index.ts"), secondCopy(), '"taken"');
    expect(seen).toMatchObject({ one: "closed", two: "closed", calls: [1, 1], refused: null });
    expect(seen).toMatchObject({ enabled: [false, true], lone: true });
  });
});

describe("100,000 names that nobody holds", () => {
  it("leave a flat heap; what is held, configured or recent stays", { timeout: 180_000 }, () => {
    const seen = run(["--expose-gc"], "many-names.ts") as { usedKiB: number[]; names: number };
    const [first = 0, ...others] = seen.usedKiB;
    expect(others).toHaveLength(4);
    // Each would take about 2 KiB: kept, 20,000 names would add 40 MiB.
    for (const usedKiB of others) expect(usedKiB - first).toBeLessThan(4_096);
    expect(seen.names).toBeLessThanOrEqual(1_002);
    expect(seen).toMatchObject({ isHeld: true, heldCalls: 1, configured: 4 });
  });
});

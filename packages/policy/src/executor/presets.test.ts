import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

import { callPresets, resiliencePresets } from "./presets.ts";
import type { CallPolicies } from "./settings.ts";

const document = readFileSync(join(import.meta.dirname, "../../../../docs/policies.md"), "utf8");
const section = document.slice(document.indexOf("## Presets"), document.indexOf("## Changing"));
const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));

/** `retry.maxAttempts` and its value, for all that a preset names. */
function valuesOf(policies: CallPolicies): readonly (readonly [string, unknown])[] {
  const values = Object.entries(policies).flatMap(([policy, options]) =>
    typeof options === "object"
      ? Object.entries(options).map(([option, value]) => [`${policy}.${option}`, value] as const)
      : [[policy, options] as const],
  );
  return values.length > 0 ? values : [["none", "none"]];
}

it("the table of presets has every value of the code, and no other", () => {
  const inCode = Object.entries({ ...callPresets, ...resiliencePresets }).flatMap(
    ([preset, policies]) =>
      valuesOf(policies).map(([option, value]) => `${preset} ${option} ${value}`),
  );
  expect(rows.map(([, preset, option, value]) => `${preset} ${option} ${value}`)).toEqual(inCode);
});

it("every value of a preset has its reason", () => {
  expect(rows.filter(([, , , , reason = ""]) => reason.length < 10)).toEqual([]);
});

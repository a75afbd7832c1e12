/** Which component has to wait for which; read from the specs once, before anything starts. */

import { ComponentSpecError } from "./errors.ts";
import type { ComponentSpec } from "./types.ts";

/** A name is part of file names and of the environment. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Their log files are others'. */
const TAKEN_NAMES: readonly string[] = ["runtime", "watchdog"];

/** @throws {@link ComponentSpecError} naming the first component that is wrong, and why. */
export function checkSpecs(specs: readonly ComponentSpec[]): void {
  const names = new Set<string>();
  for (const { name } of specs) {
    if (!NAME.test(name)) {
      throw new ComponentSpecError(name, "needs a name of letters, digits, dots, dashes and _");
    }
    if (TAKEN_NAMES.includes(name)) throw new ComponentSpecError(name, "has a name that is taken");
    if (names.has(name)) throw new ComponentSpecError(name, "is there twice");
    names.add(name);
  }
  for (const { name, dependsOn = [] } of specs) {
    const missing = dependsOn.find((other) => !names.has(other));
    if (missing === undefined) continue;
    throw new ComponentSpecError(name, `depends on "${missing}", and there is none`);
  }
  refuseCircles(specs);
}

/** Names of those that have to stop before `name` may. */
export const dependentsOf = (name: string, specs: readonly ComponentSpec[]): readonly string[] =>
  specs.filter(({ dependsOn = [] }) => dependsOn.includes(name)).map((spec) => spec.name);

/** Takes away whoever waits for nobody that is left; who remains then waits for itself. */
function refuseCircles(specs: readonly ComponentSpec[]): void {
  let left = specs;
  for (;;) {
    const names = new Set(left.map(({ name }) => name));
    const waiting = left.filter(({ dependsOn = [] }) => dependsOn.some((name) => names.has(name)));
    const [first] = waiting;
    if (!first) return;
    if (waiting.length === left.length) {
      const circle = waiting.map(({ name }) => `"${name}"`).join(", ");
      throw new ComponentSpecError(first.name, `can never start: ${circle} wait for each other`);
    }
    left = waiting;
  }
}

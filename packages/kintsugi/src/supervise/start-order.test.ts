import { describe, expect, it } from "vitest";

import { processSpec } from "./fixtures/lab.ts";
import { checkSpecs } from "./start-order.ts";

describe("components that cannot be supervised as they are written", () => {
  it.each([
    [[processSpec("a/b")], 'Component "a/b" needs a name of letters, digits, dots, dashes and _'],
    [[processSpec("runtime")], 'Component "runtime" has a name that is taken'],
    [[processSpec("web"), processSpec("web")], 'Component "web" is there twice'],
    [
      [processSpec("web", { dependsOn: ["ghost"] })],
      'Component "web" depends on "ghost", and there is none',
    ],
    [
      [processSpec("web", { dependsOn: ["web"] })],
      'Component "web" can never start: "web" wait for each other',
    ],
    [
      [
        processSpec("alone"),
        processSpec("a", { dependsOn: ["b"] }),
        processSpec("b", { dependsOn: ["c"] }),
        processSpec("c", { dependsOn: ["a", "alone"] }),
      ],
      'Component "a" can never start: "a", "b", "c" wait for each other',
    ],
  ])("are refused in a sentence that names the one: %#", (specs, message) => {
    expect(() => checkSpecs(specs)).toThrow(message);
  });

  it("are not those that wait for each other in order", () => {
    const specs = [
      processSpec("a", { dependsOn: ["b", "c"] }),
      processSpec("b", { dependsOn: ["c"] }),
      processSpec("c"),
    ];
    expect(() => checkSpecs(specs)).not.toThrow();
  });
});

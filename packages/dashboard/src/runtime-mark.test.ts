import { expect, it } from "vitest";

import { NOON, program } from "./fixtures/boards.ts";
import { markOfRuntime } from "./runtime-mark.ts";

it("shows the runtime by its own state, not by that of a component", () => {
  const health = { kind: "failed", reason: "model: crash-looping" } as const;
  expect(markOfRuntime(program({ health })).word).toBe("serves");
  const store = { kind: "full", sinceMs: NOON } as const;
  expect(markOfRuntime(program({ health, store })).word).toBe("disk full");
});

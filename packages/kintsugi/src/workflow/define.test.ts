import { describe, expect, it } from "vitest";

import { defineWorkflow } from "./define.ts";

describe("the definition of a workflow", () => {
  const run = async (): Promise<number> => 1;

  it("is a name and code, and of version 1", () => {
    const workflow = defineWorkflow("greet", run);
    expect(workflow).toEqual({
      kind: "workflow",
      name: "greet",
      version: 1,
      input: undefined,
      run,
    });
    expect(Object.isFrozen(workflow)).toBe(true);
  });

  it("takes options in the middle", () => {
    expect(defineWorkflow("greet", { version: 3 }, run)).toMatchObject({ version: 3, run });
  });

  it("is refused without a name, without code, with half a version, and with no duration", () => {
    expect(() => defineWorkflow("greet", { retention: "soon" as never }, run)).toThrow(
      'A duration is milliseconds or text like "250ms" or "30s", got "soon"',
    );
    expect(() => defineWorkflow("", run)).toThrow("A workflow needs a name, got an empty text");
    expect(() => defineWorkflow("greet", {}, undefined as never)).toThrow(
      'Workflow "greet" needs a function to run',
    );
    expect(() => defineWorkflow("greet", { version: 0.5 }, run)).toThrow(
      "version must be a whole number of at least 1, got 0.5",
    );
  });
});

import { expect, it } from "vitest";

import { type QueueRun, resilientQueueRun } from "./queue-run.ts";

const workflow = async (): Promise<string> => "done";

it.each([
  [undefined, "The options of resilientQueueRun() must be an object, got undefined"],
  [5, "The options of resilientQueueRun() must be an object, got 5"],
  [
    {},
    "workflow must be a workflow, a function, a list of nodes or an object with nodes, got undefined",
  ],
  [
    { workflow: "x" },
    'workflow must be a workflow, a function, a list of nodes or an object with nodes, got "x"',
  ],
  [
    { workflow, workflowInvocationId: "" },
    'workflowInvocationId must be a text that is not empty, got ""',
  ],
  [{ workflow, resumeFromCheckpoint: 1 }, "resumeFromCheckpoint must be true or false, got 1"],
  [{ workflow, signal: {} }, "signal must be an AbortSignal, got an object"],
  [
    { workflow, workflowInputs: 5 },
    'resilientQueueRun() has no option "workflowInputs"; the nearest is "workflowInput"',
  ],
  [{ workflow: [5] }, "nodes[0] must be an object, got 5"],
  [{ workflow: [{ id: "a" }] }, "nodes[0].run must be a function, got undefined"],
])("a run of %j is refused before anything is recorded", async (params, sentence) => {
  const run = resilientQueueRun(params as unknown as QueueRun<unknown, unknown>);
  await expect(run).rejects.toEqual(new RangeError(sentence));
});

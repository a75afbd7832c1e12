/** A graph of ten nodes in a line. A node's outcome is what a checkpoint holds, so a node stands for a step. */

import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

import { fileOf, type OpenEngine, STEPS, type StepOutput, type Work } from "./engine.ts";
import { asBetterSqlite } from "./langgraph-database.ts";

export const open: OpenEngine = async (settings, work) => {
  const checkpointer =
    settings["checkpoints"] === "none"
      ? undefined
      : new SqliteSaver(asBetterSqlite(fileOf(settings)) as never);
  const graph = graphOf(work).compile({ ...(checkpointer && { checkpointer }) });
  const options = (id: string) => ({
    configurable: { thread_id: id },
    durability: "sync" as const,
    recursionLimit: 50,
  });
  return {
    async run(id) {
      const { steps } = await graph.invoke({ last: null, steps: 0 }, options(id));
      if (steps !== STEPS) throw new Error(`${steps} of ${STEPS} nodes ran`);
    },
    async goOn(id) {
      await graph.invoke(null, options(id));
    },
    stop: async () => {},
  };
};

const State = Annotation.Root({
  last: Annotation<StepOutput | null>(),
  steps: Annotation<number>({ reducer: (sum, more) => sum + more, default: () => 0 }),
  /** When the node before began: what lies between two is a node and its checkpoint. */
  begunMs: Annotation<number>(),
});

function graphOf({ step: work, onStep }: Work) {
  const names = Array.from({ length: STEPS }, (_, step) => `step ${step}`);
  const nodes = names.map((name, step) => {
    const node = async ({ begunMs }: typeof State.State) => {
      const startedMs = performance.now();
      if (step > 0) onStep?.(startedMs - begunMs);
      return { last: await work(step), steps: 1, begunMs: startedMs };
    };
    return [name, node] as const;
  });
  const graph = new StateGraph(State).addNode(Object.fromEntries(nodes));
  for (const [index, name] of names.entries()) graph.addEdge(names[index - 1] ?? START, name);
  graph.addEdge(names.at(-1) ?? START, END);
  return graph;
}

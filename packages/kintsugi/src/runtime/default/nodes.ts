/** A workflow as a list of nodes: each is a step, and waits only for those that it depends on. */

import {
  aFunction,
  aList,
  aName,
  checkOptions,
  KintsugiError,
  type Needs,
  required,
  toError,
} from "@kintsugi/policy/base";

import type { StepContext, StepOptions, WorkflowContext } from "../../workflow/index.ts";

export interface NodeContext extends StepContext {
  readonly input: unknown;
  /** What the nodes that it depends on have returned, by their ids. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface WorkflowNode {
  /** Names its step: the same in every process that runs it. */
  readonly id: string;
  readonly run: (context: NodeContext) => unknown;
  /** Ids of nodes that must have returned before. @defaultValue none */
  readonly dependsOn?: readonly string[];
}

const needs: Needs<WorkflowNode> = { id: aName, run: required(aFunction), dependsOn: aList };

export interface NodeWorkflow {
  /** @defaultValue "nodes" */
  readonly name?: string;
  readonly nodes: readonly WorkflowNode[];
}

/** What became of the nodes, when not all have returned. Recorded nodes are not run again. */
export class NodesFailedError extends KintsugiError {
  override readonly name = "NodesFailedError";
  readonly code = "KINTSUGI_NODES_FAILED";
  /** What the others have returned. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Why each failed that was run. */
  readonly failures: Readonly<Record<string, Error>>;
  /** Those that wait for one that failed. */
  readonly skipped: readonly string[];

  constructor(ends: NodeEnds, cause: unknown) {
    const names = Object.keys(ends.failures).map((id) => `"${id}"`);
    super(`Of the nodes ${names.join(", ")} failed: ${toError(cause).message}`, { cause });
    this.outputs = ends.outputs;
    this.failures = ends.failures;
    this.skipped = ends.skipped;
  }
}

export interface NodeEnds {
  readonly outputs: Record<string, unknown>;
  readonly failures: Record<string, Error>;
  readonly skipped: string[];
}

/**
 * So that each stands behind those that it depends on.
 *
 * @throws {@link RangeError} naming the node that is there twice, is not there, or waits for itself.
 */
export function inOrder(nodes: readonly WorkflowNode[]): readonly WorkflowNode[] {
  for (const [place, node] of nodes.entries()) {
    checkOptions(`nodes[${place}]`, node, needs, `nodes[${place}].`);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const twice = nodes.find((node) => byId.get(node.id) !== node);
  if (twice) throw new RangeError(`nodes must have ids of their own, got "${twice.id}" twice`);
  if (nodes.length === 0) throw new RangeError("nodes must hold at least one, got 0");
  const placed = new Set<WorkflowNode>();
  const place = (node: WorkflowNode, above: readonly string[]): void => {
    if (placed.has(node)) return;
    if (above.includes(node.id)) {
      throw new RangeError(
        `Node "${node.id}" waits for itself: ${[...above, node.id].join(" > ")}`,
      );
    }
    for (const id of node.dependsOn ?? []) {
      const other = byId.get(id);
      if (!other) throw new RangeError(`Node "${node.id}" depends on "${id}", which is no node`);
      place(other, [...above, node.id]);
    }
    placed.add(node);
  };
  for (const node of nodes) place(node, []);
  return [...placed];
}

/** @throws the error of the first node that failed, when all have ended that could. */
export async function runNodes(
  ctx: WorkflowContext,
  nodes: readonly WorkflowNode[],
  input: unknown,
  options: StepOptions,
  ends: NodeEnds,
): Promise<Readonly<Record<string, unknown>>> {
  const returned = new Map<string, Promise<unknown>>();
  const runOne = async ({ id, run, dependsOn = [] }: WorkflowNode): Promise<unknown> => {
    const outputs: Record<string, unknown> = {};
    try {
      for (const other of dependsOn) outputs[other] = await returned.get(other);
    } catch (error) {
      ends.skipped.push(id);
      throw error; // The very error of the other, by which a replay finds what to do again.
    }
    const own = ({ signal, attempt, idempotencyKey }: StepContext): unknown =>
      run({ signal, attempt, idempotencyKey, input, outputs });
    try {
      const output = await ctx.step(id, own, options);
      ends.outputs[id] = output;
      return output;
    } catch (error) {
      ends.failures[id] = toError(error);
      throw error;
    }
  };
  await ctx.all(
    inOrder(nodes).map((node) => () => {
      const end = runOne(node);
      returned.set(node.id, end);
      return end;
    }),
  );
  return ends.outputs;
}

/** What the program brings to be run: workflows and schedules, of its modules and of the code that made it. */

import type { KintsugiConfig } from "../config/index.ts";
import { defineSchedule, type Schedule, type Workflow } from "../workflow/index.ts";
import { loadModule, schedulesOf, workflowsOf } from "./modules.ts";
import { UnknownWorkflowError } from "./unknown-workflow.ts";

type AnyWorkflow = Workflow<never, unknown>;

export interface Brought {
  /** All versions of all workflows. */
  readonly workflows: readonly AnyWorkflow[];
  /** Of each name the newest version: new runs are of that. */
  readonly byName: ReadonlyMap<string, AnyWorkflow>;
  readonly schedules: readonly Schedule[];
}

/**
 * @throws {@link ModuleUnusableError} when a module cannot be loaded, {@link UnknownWorkflowError} when a
 * schedule names a workflow that nobody brings, {@link RangeError} for a schedule that means nothing.
 */
export async function bringAll(
  config: KintsugiConfig,
  given: { readonly workflows: readonly AnyWorkflow[]; readonly schedules: readonly Schedule[] },
): Promise<Brought> {
  const modules = await Promise.all(config.runtime.modules.map(loadModule));
  const exported = modules.flatMap(schedulesOf);
  const inCode = [...given.schedules, ...exported];
  const workflows = [
    ...given.workflows,
    ...modules.flatMap(workflowsOf),
    ...inCode.map(({ workflow }) => workflow),
  ];
  const byName = new Map<string, AnyWorkflow>();
  for (const workflow of workflows.toSorted((a, b) => a.version - b.version)) {
    byName.set(workflow.name, workflow);
  }
  const configured = config.workflows.schedules.map(({ workflow: name, ...schedule }) => {
    const workflow = byName.get(name);
    if (!workflow) throw new UnknownWorkflowError(name, [...byName.keys()]);
    return defineSchedule({ ...schedule, workflow } as Parameters<typeof defineSchedule>[0]);
  });
  return { workflows: [...new Set(workflows)], byName, schedules: [...inCode, ...configured] };
}

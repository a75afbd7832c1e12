/** The workflows whose code is known. */

import { WorkflowNameTakenError } from "../errors.ts";
import type { Workflow } from "../types.ts";

type AnyWorkflow = Workflow<never, unknown>;

export class Registry {
  /** By name, then by version. */
  readonly #known = new Map<string, Map<number, AnyWorkflow>>();

  names(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** True when the workflow was not known before. */
  add(workflow: AnyWorkflow): boolean {
    const { name, version } = workflow;
    const versions = this.#known.get(name) ?? new Map<number, AnyWorkflow>();
    const before = versions.get(version);
    if (before === workflow) return false;
    if (before) throw new WorkflowNameTakenError(name, version);
    this.#known.set(name, versions.set(version, workflow));
    return true;
  }

  /** How long runs are kept whose workflow says so. */
  retentionsMs(): readonly number[] {
    const all = [...this.#known.values()].flatMap((versions) => [...versions.values()]);
    return all.flatMap(({ retentionMs }) => (retentionMs === undefined ? [] : [retentionMs]));
  }

  /** The code of that version or, where it is gone, of the newest: what differs will show. */
  find(name: string, version: number): AnyWorkflow | undefined {
    const versions = this.#known.get(name);
    return versions?.get(version) ?? versions?.get(Math.max(...versions.keys()));
  }
}

import { KintsugiError } from "@kintsugi/policy/base";

/** A workflow was asked for by a name that no module has brought. */
export class UnknownWorkflowError extends KintsugiError {
  override readonly name = "UnknownWorkflowError";
  readonly code = "KINTSUGI_UNKNOWN_WORKFLOW";
  readonly workflow: string;

  constructor(workflow: string, known: readonly string[]) {
    const names = known.length > 0 ? known.toSorted().join(", ") : "none";
    super(`There is no workflow "${workflow}"; known are: ${names}`);
    this.workflow = workflow;
  }
}

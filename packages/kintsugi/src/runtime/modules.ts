/** What the user's modules bring: each export says by its `kind` what it is. */

import { pathToFileURL } from "node:url";
import { KintsugiError, toError } from "@kintsugi/policy/base";

import type { Schedule, Workflow } from "../workflow/index.ts";

export type ModuleExports = Readonly<Record<string, unknown>>;

/** A module of `runtime.modules`, or a kernel's module, that cannot be used. */
export class ModuleUnusableError extends KintsugiError {
  override readonly name = "ModuleUnusableError";
  readonly code = "KINTSUGI_MODULE_UNUSABLE";
  readonly file: string;

  constructor(file: string, reason: string, cause?: unknown) {
    super(`The module ${file} cannot be used: ${reason}`, { cause });
    this.file = file;
  }
}

/** @throws {@link ModuleUnusableError} when it cannot be loaded. */
export async function loadModule(file: string): Promise<ModuleExports> {
  try {
    return (await import(pathToFileURL(file).href)) as ModuleExports;
  } catch (error) {
    throw new ModuleUnusableError(file, toError(error).message, error);
  }
}

export function workflowsOf(exports: ModuleExports): readonly Workflow<never, unknown>[] {
  return Object.values(exports).filter(isWorkflow);
}

export function schedulesOf(exports: ModuleExports): readonly Schedule[] {
  return Object.values(exports).filter(isSchedule);
}

function isSchedule(value: unknown): value is Schedule {
  return ((value ?? {}) as Readonly<Record<string, unknown>>)["kind"] === "schedule";
}

function isWorkflow(value: unknown): value is Workflow<never, unknown> {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  return fields["kind"] === "workflow" && typeof fields["run"] === "function";
}

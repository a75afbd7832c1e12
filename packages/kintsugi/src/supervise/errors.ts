import { KintsugiError } from "@kintsugi/policy/base";

/** There is no component of that name. */
export class UnknownComponentError extends KintsugiError {
  override readonly name = "UnknownComponentError";
  readonly code = "KINTSUGI_UNKNOWN_COMPONENT";
  readonly component: string;

  constructor(component: string) {
    super(`There is no component "${component}"`);
    this.component = component;
  }
}

/** A component was to run again and does not. Its supervisor goes on by its own rule. */
export class RestartFailedError extends KintsugiError {
  override readonly name = "RestartFailedError";
  readonly code = "KINTSUGI_RESTART_FAILED";
  readonly component: string;

  /** @param why - the end of a sentence that begins with the component */
  constructor(component: string, why: string) {
    super(`Component "${component}" was not restarted: it ${why}`);
    this.component = component;
  }
}

/** It was killed and lives on: it waits in the kernel for something that does not come. */
export class StillAliveError extends KintsugiError {
  override readonly name = "StillAliveError";
  readonly code = "KINTSUGI_STILL_ALIVE";
  readonly component: string;

  constructor(component: string) {
    super(`Component "${component}" does not end, though it was killed`);
    this.component = component;
  }
}

/** A set of components that cannot be supervised as it is written. */
export class ComponentSpecError extends KintsugiError {
  override readonly name = "ComponentSpecError";
  readonly code = "KINTSUGI_COMPONENT_SPEC";
  readonly component: string;

  constructor(component: string, why: string) {
    super(`Component "${component}" ${why}`);
    this.component = component;
  }
}

/** A fault on purpose that did not reach its component. Nothing happened. */
export class FaultRefusedError extends KintsugiError {
  override readonly name = "FaultRefusedError";
  readonly code = "KINTSUGI_FAULT_REFUSED";
  readonly component: string;

  constructor(component: string, why: string) {
    super(`Component "${component}" was sent no fault: ${why}`);
    this.component = component;
  }
}

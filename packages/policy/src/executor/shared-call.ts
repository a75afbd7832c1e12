/** What the executors of one name share; a registry keeps it, and an executor alone has its own. */

import { Guards } from "./guards.ts";
import { processSlot } from "./process-slot.ts";
import { type CallMeasure, Tally } from "./result.ts";
import type { CallPolicies } from "./settings.ts";
import type { Switch } from "./switch.ts";

export interface SharedCall {
  /** Grows when something was configured: then the policies are put together anew. */
  readonly revision: number;
  /** Whether there are policies at all. */
  readonly isOn: boolean;
  readonly guards: Guards;
  readonly tally: Tally;
  /** Whether anybody hears of measures: none is made for nobody. */
  readonly isHeard: boolean;
  /** The policies that hold for an executor that was made with `own`. */
  policies(own: CallPolicies): CallPolicies;
  tell(measure: CallMeasure): void;
}

/** For an executor that stands in no registry: only the switch of the process concerns it. */
export class LoneCall implements SharedCall {
  readonly guards: Guards;
  readonly tally: Tally = new Tally();
  readonly isHeard = false;
  readonly #switch: Switch = processSlot().switch;

  constructor(name: string) {
    this.guards = new Guards(name, undefined);
  }

  get revision(): number {
    return this.#switch.turns;
  }

  get isOn(): boolean {
    return this.#switch.isOn;
  }

  policies(own: CallPolicies): CallPolicies {
    return own;
  }

  tell(): void {}
}

/**
 * What all copies of this package in one process share: two versions in one tree of modules are common,
 * and a circuit that only one of them knows protects nobody from the other.
 */

import { readSwitch, type Switch } from "./switch.ts";

/**
 * Grows when what stands in the slot changes so that an older copy could not use it. Copies of one
 * protocol share, whichever was loaded first; those of another keep to themselves, beside it.
 */
const PROTOCOL = 1;

const SLOT = Symbol.for("kintsugi.calls");

export interface Shared {
  readonly switch: Switch;
  /** A CallRegistry, made by the copy that first needs it; its file stands above this one. */
  registry: unknown;
}

type Slot = Record<number, Shared | undefined>;

/** Of this copy, where the process gives no room for one that all share. */
let own: Shared | undefined;

/** The same object for all copies of this protocol. */
export function processSlot(): Shared {
  own ??= sharedBy(globalThis);
  return own;
}

/** What is shared by all who have that global object. */
export function sharedBy(global: object): Shared {
  const slot = slotOf(global);
  const mine: Shared = { switch: readSwitch(), registry: undefined };
  if (!slot) return mine;
  slot[PROTOCOL] ??= mine;
  return slot[PROTOCOL];
}

function slotOf(global: { [SLOT]?: unknown }): Slot | undefined {
  if (!(SLOT in global)) {
    // Not listed with the globals, and not to be replaced. A frozen global object takes nothing.
    Reflect.defineProperty(global, SLOT, { value: {} });
  }
  const { [SLOT]: found } = global;
  return Object.isFrozen(found) ? undefined : (found as Slot); // What is no object is frozen.
}

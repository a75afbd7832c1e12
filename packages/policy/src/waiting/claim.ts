/** What a call says about its place where calls have to wait. */

import {
  aNumber,
  anyText,
  checkOptions,
  type Need,
  type Needs,
  numberBetween,
  wholeNumber,
} from "../base/index.ts";

export interface WaitingClaim {
  /** Whole number from 0 to 9; while higher ones wait, lower ones do not get in. @defaultValue 0 */
  readonly priority?: number;
  /** Whose call it is, a tenant or a user: waiting keys of one priority take turns. @defaultValue "" */
  readonly key?: string;
  /** Turns in a row of its key, a whole number from 1. @defaultValue 1 */
  readonly weight?: number;
}

export const waitingNeeds: Needs<WaitingClaim> = {
  priority: aNumber,
  key: anyText,
  weight: aNumber,
};

/** A claim with nothing left open. */
export type Claim = Required<WaitingClaim>;

export const HIGHEST_PRIORITY = 9;

export const plainClaim: Claim = { priority: 0, key: "", weight: 1 };

/** @throws {@link RangeError} naming what is out of its range, of a wrong kind, or not known. */
export function claimOf<C extends WaitingClaim>(
  owner: string,
  claim: C,
  needs: Readonly<Record<string, Need>> = waitingNeeds,
): Claim {
  checkOptions(owner, claim, needs);
  const priority = wholeNumber("priority", claim.priority ?? 0, 0);
  return {
    priority: numberBetween("priority", priority, 0, HIGHEST_PRIORITY),
    key: claim.key ?? "",
    weight: wholeNumber("weight", claim.weight ?? 1, 1),
  };
}

/** Survivors that were looked at: why no test can, or need, tell them from the original. */

import type { Verdict } from "./result.ts";

export const verdicts: readonly Verdict[] = [];

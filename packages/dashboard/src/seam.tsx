/** The seam under the header: gold as far as the faults of 24 hours were mended without a person. */

import { type ReactElement, useId } from "react";

import { useClaims } from "./context.ts";
import type { Program } from "./page-state.ts";

/** A crack: the same one each time. */
const CRACK =
  "0,4 38,4.6 61,3 104,4.2 149,3.4 171,5.4 196,4 262,4.3 301,3 333,4.8 352,3.6 418,4.2 466,4.6 487,2.8 512,4.4 590,3.8 628,4.4 661,3.2 684,5 709,4 777,4.2 815,3.4 842,4.6 903,4 938,3.2 961,4.8 1000,4";

export function Seam({ healing }: { readonly healing: Program["healing"] | null }): ReactElement {
  const claim = useClaims();
  const clipId = useId();
  const share = healing && healing.opened > 0 ? healing.healed / healing.opened : 0;
  return (
    <svg className="seam" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img">
      <title>{claim(saidOf(healing))}</title>
      <clipPath id={clipId}>
        <rect width={1000 * Math.min(share, 1)} height="8" />
      </clipPath>
      <polyline className="crack" points={CRACK} />
      <polyline className="gold" points={CRACK} clipPath={`url(#${clipId})`} />
    </svg>
  );
}

function saidOf(healing: Program["healing"] | null): string {
  if (!healing) return "What was mended is not known yet";
  const { healed, opened } = healing;
  if (opened === 0) return "No fault in the last 24 hours";
  return `${healed} of ${opened} faults of the last 24 hours were mended without a person`;
}

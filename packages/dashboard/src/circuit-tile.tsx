/** One named call: its breaker's state, the time to its next trial, its figures. */

import {
  type FunctionComponent,
  memo,
  type ReactElement,
  useCallback,
  useContext,
  useRef,
} from "react";

import { Countdown } from "./age.tsx";
import { Surroundings, useOfNow } from "./context.ts";
import type { CallFigures } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { markOfCircuit, StateMark } from "./state-mark.tsx";
import { count } from "./words.ts";

export interface CircuitTileProps {
  readonly call: CallFigures;
}

export const CircuitTile: FunctionComponent<CircuitTileProps> = memo(function CircuitTile({
  call,
}: CircuitTileProps): ReactElement {
  const { name, circuitRetryAtMs, succeeded, failed, retried, fallbacks } = call;
  return (
    <li className="tile" data-call={name} data-circuit={call.circuit}>
      <div className="tile-head">
        <strong className="break">{plain(name)}</strong>
        <StateMark {...markOfCircuit(call)} />
        {circuitRetryAtMs !== null && <NextTrial key={circuitRetryAtMs} atMs={circuitRetryAtMs} />}
      </div>
      <dl className="tile-figures">
        <Figure name="succeeded" value={succeeded} />
        <Figure name="failed" value={failed} />
        <Figure name="retried" value={retried} />
        <Figure name="fallbacks" value={fallbacks} />
      </dl>
    </li>
  );
});

function Figure({ name, value }: { readonly name: string; readonly value: number }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="figure">{count(value)}</dd>
    </div>
  );
}

/** A ring that empties until the breaker lets a trial through. Its whole is the time that was left first. */
function NextTrial({ atMs }: { readonly atMs: number }): ReactElement {
  const { clock } = useContext(Surroundings);
  const wholeMs = useRef(Math.max(1, atMs - clock.nowMs())).current;
  const leftOf = useCallback(
    (nowMs: number) => Math.round((100 * Math.max(0, atMs - nowMs)) / wholeMs),
    [atMs, wholeMs],
  );
  const left = useOfNow(leftOf);
  return (
    <span className="next-trial">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle className="ring-ground" cx="8" cy="8" r="6" />
        <circle
          className="ring-left"
          cx="8"
          cy="8"
          r="6"
          pathLength="100"
          strokeDasharray={`${left} 100`}
          transform="rotate(-90 8 8)"
        />
      </svg>
      <span className="small dim">
        <Countdown before="tries in" untilMs={atMs} over="tries the next call" />
      </span>
    </span>
  );
}

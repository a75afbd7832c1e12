/** Calls under policies: how many, how they end, and what their breakers think. */

import { type FunctionComponent, memo, type ReactElement } from "react";

import { CallChart } from "./call-chart.tsx";
import { CircuitTile } from "./circuit-tile.tsx";
import { useClaims } from "./context.ts";
import type { CallFigures, Incident, Series } from "./page-state.ts";
import type { Theme } from "./preferences.ts";
import { counted } from "./words.ts";

export interface CallsProps {
  readonly calls: readonly CallFigures[];
  readonly series: Series;
  readonly incidents: readonly Incident[];
  readonly theme: Theme;
}

export const Calls: FunctionComponent<CallsProps> = memo(function Calls(
  props: CallsProps,
): ReactElement {
  const { calls, series, incidents, theme } = props;
  return (
    <section className="panel calls" aria-labelledby="calls-title">
      <div className="panel-head">
        <h2 id="calls-title">Calls</h2>
        <p className="dim">by second, last 5 minutes</p>
      </div>
      <div className="calls-body">
        {series.calls.some((each) => each > 0) && (
          <CallChart series={series} incidents={incidents} theme={theme} />
        )}
        <div className="circuits">
          <h3 className="side-title">
            Circuit breakers <span className="dim">{counted(calls.length, "call")} named</span>
          </h3>
          {calls.length === 0 ? (
            <NoCall />
          ) : (
            <ul className="tiles">
              {calls.map((call) => (
                <CircuitTile key={call.name} call={call} />
              ))}
            </ul>
          )}
        </div>
      </div>
    </section>
  );
});

function NoCall(): ReactElement {
  const claim = useClaims();
  return (
    <p className="dim nothing">
      {claim("No call was made yet.")} Name one under <code>calls</code> in kintsugi.yaml and run it
      with its policies.
    </p>
  );
}

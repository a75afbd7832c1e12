/** Incidents as they live: the open ones first, then how the newest others ended. */

import { type ReactElement, useContext, useMemo } from "react";

import { Surroundings, useClaims } from "./context.ts";
import { IncidentCard } from "./incident-card.tsx";
import { chosenIncidents, isOpen, stageTimes } from "./incident-story.ts";
import type { Fact, Incident } from "./page-state.ts";

export interface IncidentsProps {
  readonly incidents: readonly Incident[];
  readonly facts: readonly Fact[];
}

export function Incidents({ incidents, facts }: IncidentsProps): ReactElement {
  const times = useMemo(() => stageTimes(facts), [facts]);
  const claim = useClaims();
  const { staleSinceMs } = useContext(Surroundings);
  const open = incidents.filter(isOpen);
  const { shown, left } = chosenIncidents(incidents);
  return (
    <section className="panel incidents" aria-labelledby="incidents-title">
      <div className="panel-head">
        <h2 id="incidents-title">Incidents</h2>
        <p className="dim">{claim(open.length === 0 ? "none open" : `${open.length} open`)}</p>
      </div>
      {shown.length === 0 ? (
        staleSinceMs === null && <Nothing />
      ) : (
        <ul className="rows">
          {shown.map(({ incident, isUnfolded }) => (
            <IncidentCard
              key={incident.id}
              incident={incident}
              times={times}
              isUnfolded={isUnfolded}
            />
          ))}
        </ul>
      )}
      {/* How many there are in all, nobody has told the page. */}
      {left > 0 && (
        <p className="dim more">
          more of them: <code>npx kintsugi incidents</code>
        </p>
      )}
    </section>
  );
}

function Nothing(): ReactElement {
  return (
    <div className="nothing">
      <p>Nothing has broken yet.</p>
      <p className="dim">
        Kill a component's process, <code>kill -9</code> and its pid, and watch it being mended
        here.
      </p>
    </div>
  );
}

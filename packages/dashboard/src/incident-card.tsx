/** One incident: what happened, how far the repair is, who did what. */

import { type FunctionComponent, memo, type ReactElement, useState } from "react";

import { Age } from "./age.tsx";
import { useFreshness, useTimes } from "./context.ts";
import { doingOf, isOpen, type Stage, type StageTimes, stagesOf } from "./incident-story.ts";
import type { Incident } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { markOfAction, markOfIncident, StateMark } from "./state-mark.tsx";
import { StepMarks } from "./step-marks.tsx";
import { span } from "./words.ts";

export interface IncidentCardProps {
  readonly incident: Incident;
  readonly times: StageTimes;
  /** Whether its story is told before anybody asks. */
  readonly isUnfolded: boolean;
}

export const IncidentCard: FunctionComponent<IncidentCardProps> = memo(function IncidentCard(
  props: IncidentCardProps,
): ReactElement {
  const { incident, isUnfolded } = props;
  const [choice, setChoice] = useState<boolean | null>(null);
  const isTold = choice ?? isUnfolded;
  const isFresh = useFreshness(incident.openedAtMs);
  const storyId = `story-${incident.id}`;
  const { component, summary, openedAtMs, occurrences } = incident;
  return (
    <li
      className={isFresh ? "incident is-new" : "incident"}
      data-incident={incident.id}
      data-status={incident.status}
    >
      <button
        type="button"
        className="incident-head"
        aria-expanded={isTold}
        aria-controls={storyId}
        onClick={() => setChoice(!isTold)}
      >
        <StateMark {...markOfIncident(incident)} />
        <span className="incident-who">
          <strong className="break">{plain(component)}</strong>{" "}
          <span className="dim">{plain(incident.class)}</span>
          {occurrences > 1 && <span className="dim"> × {occurrences}</span>}
        </span>
        <Lasting incident={incident} />
        <Opened atMs={openedAtMs} />
        <svg className="fold" viewBox="0 0 12 12" aria-hidden="true">
          <path d="m3 4.5 3 3 3-3" />
        </svg>
      </button>
      <p className="incident-summary break">{plain(summary)}</p>
      <div id={storyId} hidden={!isTold} className="story">
        {isTold && <Story {...props} />}
      </div>
    </li>
  );
});

function Lasting({ incident }: { readonly incident: Incident }): ReactElement {
  const { openedAtMs, endedAtMs, status } = incident;
  if (endedAtMs === null) {
    return (
      <span className="tone-repair">
        <Age sinceMs={openedAtMs} />
      </span>
    );
  }
  const word = status === "resolved" ? "mended in" : "after";
  return (
    <span className="dim">
      {word} <span className="figure">{span(endedAtMs - openedAtMs)}</span>
    </span>
  );
}

function Opened({ atMs }: { readonly atMs: number }): ReactElement {
  const times = useTimes();
  return (
    <time className="mono dim" title={times.full(atMs)}>
      {times.at(atMs)}
    </time>
  );
}

function Story({ incident, times }: IncidentCardProps): ReactElement {
  const { actions, steps, why, id } = incident;
  const isSaid = actions.some(({ detail }) => detail.includes(why ?? ""));
  return (
    <>
      <ol className="stages" aria-label="Its life">
        {stagesOf(incident, times).map((stage) => (
          <StageMark key={stage.word} stage={stage} />
        ))}
      </ol>
      {isOpen(incident) && <p className="break">{doingOf(incident) ?? "Nobody has acted yet."}</p>}
      {actions.length > 0 && (
        <ol className="actions" aria-label="What was done">
          {actions.map((action) => (
            <ActionRow key={`${action.atMs} ${action.name}`} action={action} />
          ))}
        </ol>
      )}
      {steps.length > 0 && (
        <div className="playbook">
          <p className="dim">Steps of {plain(incident.playbook ?? "the playbook")}</p>
          <StepMarks steps={steps} all={steps.length} most={24} />
        </div>
      )}
      {why && !isSaid && <p className="break why">{plain(why)}</p>}
      <p className="dim small">
        <code>npx kintsugi incidents {plain(id)}</code>
      </p>
    </>
  );
}

function StageMark({ stage }: { readonly stage: Stage }): ReactElement {
  const times = useTimes();
  const { word, atMs, state } = stage;
  return (
    <li className="stage" data-stage={word} data-reached={state}>
      <span className="stage-dot" aria-hidden="true" />
      <span className="stage-word">{word}</span>
      {atMs !== null && <time className="mono dim">{times.at(atMs)}</time>}
      {state !== "done" && <span className="unseen">{state === "now" ? "now" : "not yet"}</span>}
    </li>
  );
}

type Action = Incident["actions"][number];

function ActionRow({ action }: { readonly action: Action }): ReactElement {
  const times = useTimes();
  const { atMs, by, name, outcome, detail } = action;
  return (
    <li className="action">
      <time className="mono dim">{times.at(atMs)}</time>
      <span>
        <span className="dim">{by}</span> <span className="break">{plain(name)}</span>
      </span>
      <StateMark {...markOfAction(outcome)} />
      {detail && <span className="dim break action-detail">{plain(detail)}</span>}
    </li>
  );
}

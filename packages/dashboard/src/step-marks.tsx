/** Recorded steps as gold diamonds: what a crash cannot take away any more. */

import { type ReactElement, useId, useState } from "react";

import type { Step } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { counted } from "./words.ts";

export interface StepMarksProps {
  /** The newest ones, oldest first. */
  readonly steps: readonly Step[];
  /** How many there are in all. */
  readonly all: number;
  /** Diamonds that are drawn. */
  readonly most: number;
}

/** The newest as diamonds, the older ones as a number; the button spells out the names. */
export function StepMarks({ steps, all, most }: StepMarksProps): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  const listId = useId();
  const drawn = steps.slice(-most);
  const older = all - drawn.length;
  if (all === 0 && steps.length === 0) return <p className="dim small">No step recorded yet</p>;
  return (
    <div className="step-marks">
      <button
        type="button"
        className="plain-button"
        aria-expanded={isOpen}
        aria-controls={listId}
        title="Names of the newest steps"
        onClick={() => setIsOpen(!isOpen)}
      >
        <span className="diamonds" aria-hidden="true">
          {older > 0 && <span className="figure older">◆ {older}</span>}
          {drawn.map((step) => (
            <span key={step.seq} className={`diamond is-${step.state}`} title={plain(step.name)} />
          ))}
        </span>
        <span className="unseen">{counted(all, "step")} recorded: names of the newest</span>
      </button>
      <ol id={listId} hidden={!isOpen} className="step-names">
        {isOpen && drawn.toReversed().map((step) => <StepName key={step.seq} step={step} />)}
      </ol>
    </div>
  );
}

function StepName({ step }: { readonly step: Step }): ReactElement {
  const { seq, name, state } = step;
  return (
    <li>
      <span className={`diamond is-${state}`} aria-hidden="true" />
      <span className="mono dim">{seq + 1}</span>
      <span className="break">{plain(name)}</span>
      {state !== "recorded" && <span className="dim">{state}</span>}
    </li>
  );
}

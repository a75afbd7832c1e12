/** Durable runs: how far they are, what is safe already, what killed the dead ones. */

import { type FunctionComponent, memo, type ReactElement } from "react";

import { Age } from "./age.tsx";
import { useClaims, useTimes } from "./context.ts";
import type { Program, Run } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { type Branch, fewerDead, runTree } from "./run-tree.ts";
import { markOfRun, StateMark } from "./state-mark.tsx";
import { StepMarks } from "./step-marks.tsx";
import { count, counted, isLong, span } from "./words.ts";

/** Rows; a dozen is what one takes in. */
const MOST_RUNS = 12;

export interface RunsProps {
  readonly runs: readonly Run[];
  readonly totals: Program["runs"];
}

export const Runs: FunctionComponent<RunsProps> = memo(function Runs({
  runs,
  totals,
}: RunsProps): ReactElement {
  const claim = useClaims();
  const rows = runTree(fewerDead(runs, MOST_RUNS)).slice(0, MOST_RUNS);
  const all = totals.running + totals.completed + totals.dead + totals.cancelled;
  const more = all - rows.length;
  return (
    <section className="panel runs" aria-labelledby="runs-title">
      <div className="panel-head">
        <h2 id="runs-title">Runs</h2>
        <p className="dim">
          {claim(
            all === 0
              ? "none yet"
              : `${count(totals.running)} running, ${count(totals.dead)} dead, ${count(totals.completed)} completed`,
          )}
        </p>
      </div>
      {rows.length === 0 ? (
        <div className="nothing">
          <p>{claim("No workflow has run yet.")}</p>
          <p className="dim">
            Start one from code with <code>runtime.start</code>, or send{" "}
            <code>POST /api/v1/runs</code>. Its steps appear here as gold marks: what is marked
            survives a crash.
          </p>
        </div>
      ) : (
        <ul className="rows">
          {rows.map((branch) => (
            <RunRow key={branch.run.id} {...branch} />
          ))}
        </ul>
      )}
      {more > 0 && (
        <p className="dim more">
          and {count(more)} more: <code>npx kintsugi runs</code>
        </p>
      )}
    </section>
  );
});

const RunRow = memo(function RunRow({ run, depth }: Branch<Run>): ReactElement {
  const { id, workflow, status, error, crashes, marks, stepsRecorded, progress } = run;
  return (
    <li className={`run depth-${depth}`} data-run={id} data-status={status}>
      <div className="run-head">
        <StateMark {...markOfRun(run)} />
        <span className="run-name">
          <strong className="break">{plain(workflow)}</strong>{" "}
          {id !== workflow && <span className="mono dim break">{plain(id)}</span>}
        </span>
        {progress === null && <StepMarks steps={marks} all={stepsRecorded} most={8} />}
        <RunTime run={run} />
      </div>
      {progress !== null && (
        <>
          <RunProgress workflow={workflow} progress={progress} />
          <StepMarks steps={marks} all={stepsRecorded} most={24} />
        </>
      )}
      {crashes > 0 && (
        <p className="dim small">the runtime crashed {counted(crashes, "time")} while it ran</p>
      )}
      {error && <RunError error={error} />}
    </li>
  );
});

/** A message as long as a letter is folded to three lines, and opens at a click. */
function RunError({ error }: { readonly error: NonNullable<Run["error"]> }): ReactElement {
  const { name, step, message } = error;
  const said = (
    <>
      <strong>{plain(name)}</strong>
      {step && <span className="dim"> in step {plain(step)}</span>}: <span>{plain(message)}</span>
    </>
  );
  if (!isLong(message)) return <p className="run-error break">{said}</p>;
  return (
    <details className="run-error">
      <summary className="break">
        <span className="clamp">{said}</span>
        <span className="dim fold-word" aria-hidden="true" />
      </summary>
    </details>
  );
}

function RunTime({ run }: { readonly run: Run }): ReactElement {
  const times = useTimes();
  const { createdAtMs, endedAtMs } = run;
  return (
    <time className="dim" title={`Started ${times.full(createdAtMs)}`}>
      {endedAtMs === null ? (
        <Age sinceMs={createdAtMs} />
      ) : (
        <span className="figure">{span(endedAtMs - createdAtMs)}</span>
      )}
    </time>
  );
}

interface RunProgressProps {
  readonly workflow: string;
  readonly progress: NonNullable<Run["progress"]>;
}

/** A known total is a bar; an unknown one is not made up. */
function RunProgress({ workflow, progress }: RunProgressProps): ReactElement {
  const { done, total, note } = progress;
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  return (
    <div className="progress">
      <svg
        className="progress-bar"
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        role="progressbar"
        aria-label={`Progress of ${plain(workflow)}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={`${done} of ${total}`}
      >
        <rect className="ground" width="100" height="4" />
        <rect className="done" width={100 * share} height="4" />
      </svg>
      <span className="figure">
        {count(done)}/{count(total)}
      </span>
      {note && <span className="dim break note">{plain(note)}</span>}
    </div>
  );
}

/** One sentence and four numbers. */

import type { LiveSnapshot } from "kintsugi/live";
import type { ReactElement, ReactNode } from "react";

import { Age } from "./age.tsx";
import { useClaims, useTimes } from "./context.ts";
import { CopyableCommand } from "./copyable-command.tsx";
import { Glyph, type Shape, type Tone } from "./state-mark.tsx";
import type { Verdict } from "./verdict.ts";
import { callsCounted, count, shortSpan } from "./words.ts";

const marks: Readonly<Record<Verdict["tone"], { shape: Shape; tone: Tone }>> = {
  well: { shape: "circle", tone: "ok" },
  mending: { shape: "half", tone: "repair" },
  unwell: { shape: "diamond", tone: "note" },
  unknown: { shape: "triangle", tone: "bad" },
  stopped: { shape: "ring", tone: "quiet" },
  "needs-you": { shape: "square", tone: "bad" },
};

export interface VerdictPanelProps {
  readonly board: LiveSnapshot;
  readonly verdict: Verdict;
}

export function VerdictPanel({ board, verdict }: VerdictPanelProps): ReactElement {
  const { sentence, sinceMs, reason, tone } = verdict;
  const mark = marks[tone];
  return (
    <section className="verdict" aria-label="Is it well?">
      <div className="verdict-words">
        <h1>
          <span className={`tone-${mark.tone}`}>
            <Glyph shape={mark.shape} />
          </span>
          <span className="break">
            {sentence}
            {sinceMs !== null && (
              <>
                , <Age sinceMs={sinceMs} />
              </>
            )}
            .
          </span>
        </h1>
        {reason && <p className="verdict-reason break">{reason}</p>}
        {tone === "stopped" && (
          <div className="verdict-reason">
            <CopyableCommand command="npx kintsugi up" />
          </div>
        )}
      </div>
      <Numbers board={board} />
    </section>
  );
}

function Numbers({ board }: { readonly board: LiveSnapshot }): ReactElement {
  const times = useTimes();
  const claim = useClaims();
  const { healing, runs } = board.program;
  const calls = board.calls.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0);
  const retried = board.calls.reduce((sum, each) => sum + each.retried, 0);
  const { opened, healed, medianMs } = healing;
  return (
    <dl className="numbers">
      <Figure
        name="healed without a person, 24 h"
        value={opened === 0 ? claim("none needed") : `${count(healed)} of ${count(opened)}`}
        isWord={opened === 0}
      />
      <Figure
        name="median time to heal"
        value={medianMs === null ? claim("no case yet") : shortSpan(medianMs)}
        isWord={medianMs === null}
      />
      <Figure
        name={`${runs.running === 1 ? "run" : "runs"} running, ${count(runs.dead)} dead`}
        value={count(runs.running)}
      />
      <Figure
        name={callsCounted(calls, times.at(board.program.startedAtMs))}
        value={count(retried)}
      />
    </dl>
  );
}

interface FigureProps {
  readonly name: ReactNode;
  readonly value: string;
  readonly isWord?: boolean;
}

function Figure({ name, value, isWord = false }: FigureProps): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isWord ? "word" : "figure"}>{value}</dd>
    </div>
  );
}

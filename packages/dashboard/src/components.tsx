/** The tree of what lives: watchdog, runtime, components. */

import { memo, type ReactElement, type ReactNode, useContext } from "react";

import { Age, Countdown } from "./age.tsx";
import { Surroundings } from "./context.ts";
import { HeartbeatStrip } from "./heartbeat-graph.tsx";
import type { Strip } from "./heartbeat-strip.ts";
import { isOpen } from "./incident-story.ts";
import type { Component, Incident, PageState, Program } from "./page-state.ts";
import { plain } from "./plain-text.ts";
import { markOfRuntime } from "./runtime-mark.ts";
import { type Mark, markOfComponent, markOfHealth, StateMark } from "./state-mark.tsx";
import { count, counted, size } from "./words.ts";

export interface ComponentsProps {
  readonly program: Program;
  readonly components: readonly Component[];
  readonly incidents: readonly Incident[];
  readonly strips: PageState["strips"];
}

export function Components(props: ComponentsProps): ReactElement {
  const { program, components, incidents, strips } = props;
  const mended = new Set(incidents.filter(isOpen).map(({ component }) => component));
  return (
    <section className="panel components" aria-labelledby="components-title">
      <div className="panel-head">
        <h2 id="components-title">Components</h2>
        <p className="dim">{components.length === 0 ? "none" : count(components.length)}</p>
      </div>
      <ul className="tree">
        <li>
          <Watchdog pid={program.watchdog?.pid ?? null} />
          <ul>
            <li>
              <Runtime program={program} components={components} />
              <ul>
                {components.map((component) => (
                  <ComponentRow
                    key={component.name}
                    component={component}
                    strip={strips[component.name]}
                    isMended={mended.has(component.name)}
                  />
                ))}
              </ul>
            </li>
          </ul>
        </li>
      </ul>
      {components.length === 0 && (
        <p className="dim nothing">
          No component is configured. Name one under <code>components</code> in kintsugi.yaml.
        </p>
      )}
    </section>
  );
}

function Watchdog({ pid }: { readonly pid: number | null }): ReactElement {
  const mark: Mark =
    pid === null
      ? { shape: "ring", tone: "quiet", word: "none watches" }
      : { shape: "circle", tone: "ok", word: "watches" };
  return (
    <Living name="watchdog" mark={mark}>
      {pid !== null && <Pid pid={pid} />}
    </Living>
  );
}

interface RuntimeProps {
  readonly program: Program;
  readonly components: readonly Component[];
}

function Runtime({ program, components }: RuntimeProps): ReactElement {
  const ill = components.filter(({ health }) => health.kind !== "healthy").length;
  return (
    <Living name="runtime" mark={markOfRuntime(program)}>
      <Pid pid={program.pid} />
      <span>
        up <Age sinceMs={program.startedAtMs} />
      </span>
      <span>{plain(program.version)}</span>
      {ill > 0 && <span>{counted(ill, "component")} under it not well</span>}
    </Living>
  );
}

interface ComponentRowProps {
  readonly component: Component;
  readonly strip: Strip | undefined;
  readonly isMended: boolean;
}

const ComponentRow = memo(function ComponentRow(props: ComponentRowProps): ReactElement {
  const { component, strip, isMended } = props;
  const { name, phase, health, kind, identity, restarts, rssBytes, adopted } = component;
  const { lastBeatAtMs, nextStartAtMs, startedAtMs } = component;
  const isRunning = phase === "running";
  return (
    <li data-component={name} data-phase={phase} data-health={health.kind}>
      <Living name={plain(name)} mark={markOfComponent(component, isMended)}>
        <span>{kind}</span>
        {identity && <Pid pid={identity.pid} />}
        {isRunning && startedAtMs !== null && (
          <span>
            up <Age sinceMs={startedAtMs} />
          </span>
        )}
        {restarts > 0 && <span>{counted(restarts, "restart")}</span>}
        {isRunning && rssBytes !== null && <span className="figure">{size(rssBytes)}</span>}
        {adopted && <span title="It lived on while the runtime was replaced">adopted</span>}
      </Living>
      {health.kind !== "healthy" && (
        <p className={`reason tone-${markOfHealth(health).tone} break`}>{plain(health.reason)}</p>
      )}
      {nextStartAtMs !== null && (
        <p className="reason dim">
          <Countdown before="next start in" untilMs={nextStartAtMs} over="starts now" />
        </p>
      )}
      {isRunning && lastBeatAtMs !== null && (
        <div className="beat">
          <HeartbeatStrip strip={strip} />
          <span className="dim small">
            beat <Age sinceMs={lastBeatAtMs} /> ago
          </span>
        </div>
      )}
    </li>
  );
});

interface LivingProps {
  readonly name: string;
  readonly mark: Mark;
  readonly children: ReactNode;
}

function Living({ name, mark, children }: LivingProps): ReactElement {
  const { staleSinceMs } = useContext(Surroundings);
  return (
    <div className="living">
      <strong className="break">{name}</strong>
      <StateMark {...mark} word={staleSinceMs === null ? mark.word : `last: ${mark.word}`} />
      <span className="facts dim small">{children}</span>
    </div>
  );
}

const Pid = ({ pid }: { readonly pid: number }): ReactElement => (
  <span>
    pid <span className="mono">{pid}</span>
  </span>
);

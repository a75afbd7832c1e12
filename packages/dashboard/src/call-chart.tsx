/** The one place that knows uPlot: calls by second, with incidents as bands behind the lines. */

import "uplot/dist/uPlot.min.css";

import { type ReactElement, type RefObject, useContext, useEffect, useRef, useState } from "react";
import UPlot from "uplot";

import { callLines, columnsOf, figureOf, summaryOf } from "./call-lines.ts";
import { Surroundings } from "./context.ts";
import type { Incident, Series } from "./page-state.ts";
import type { Theme } from "./preferences.ts";
import { clockTime, type Zone } from "./words.ts";

const HEIGHT = 208;

export interface CallChartProps {
  readonly series: Series;
  readonly incidents: readonly Incident[];
  /** Another one takes other colours. */
  readonly theme: Theme;
}

export function CallChart({ series, incidents, theme }: CallChartProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const [atSecond, setAtSecond] = useState<number | null>(null);
  usePlot(place, { series, incidents, theme, onPoint: setAtSecond });
  return (
    <figure className="chart">
      <figcaption className="unseen">{summaryOf(series)}</figcaption>
      <ul className="legend">
        {callLines.map((line) => (
          <li key={line.key} className={`line-${line.key}`}>
            <svg className="swatch" viewBox="0 0 24 4" aria-hidden="true">
              <path d="M0 2h24" strokeDasharray={line.dash.join(" ")} />
            </svg>
            <span className="dim">{line.name}</span>{" "}
            <span className="figure">{figureOf(series, line, atSecond)}</span>
          </li>
        ))}
        <li className="line-band">
          <svg className="swatch" viewBox="0 0 24 12" aria-hidden="true">
            <rect width="24" height="12" />
          </svg>
          <span className="dim">incident</span>
        </li>
      </ul>
      <div ref={place} className="plot" aria-hidden="true" />
    </figure>
  );
}

interface PlotInput extends CallChartProps {
  readonly onPoint: (second: number | null) => void;
}

function usePlot(place: RefObject<HTMLDivElement>, input: PlotInput): void {
  const { zone, clock } = useContext(Surroundings);
  const { series, incidents, theme, onPoint } = input;
  const plot = useRef<UPlot>();
  const bands = useRef(incidents);
  bands.current = incidents;
  const newest = useRef(series);
  newest.current = series;
  const isLight = useLightness();
  useEffect(() => {
    const node = place.current;
    if (!node) return undefined;
    const nowMs = (): number => clock.nowMs();
    const options = plotOptions({ node, zone, onPoint, bands: () => bands.current, nowMs });
    const made = new UPlot(options, columnsOf(newest.current) as UPlot.AlignedData, node);
    plot.current = made;
    const watcher = new ResizeObserver(() => {
      made.setSize({ width: node.clientWidth, height: HEIGHT });
    });
    watcher.observe(node);
    return () => {
      watcher.disconnect();
      made.destroy();
    };
  }, [place, zone, theme, isLight, clock, onPoint]);
  useEffect(() => {
    plot.current?.setData(columnsOf(series) as UPlot.AlignedData);
  }, [series, incidents]);
}

/** Whether the machine asks for light colours: the canvas has to be told. */
function useLightness(): boolean {
  const query = "(prefers-color-scheme: light)";
  const [isLight, setIsLight] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const hear = (): void => setIsLight(list.matches);
    list.addEventListener("change", hear);
    return () => list.removeEventListener("change", hear);
  }, []);
  return isLight;
}

interface PlotSurroundings {
  readonly node: HTMLElement;
  readonly zone: Zone;
  readonly onPoint: (second: number | null) => void;
  readonly bands: () => readonly Incident[];
  readonly nowMs: () => number;
}

function plotOptions(surroundings: PlotSurroundings): UPlot.Options {
  const { node, zone, onPoint, bands, nowMs } = surroundings;
  const figure = node.closest(".chart") ?? node;
  const colour = (selector: string): string => {
    const found = figure.querySelector(selector);
    return found ? getComputedStyle(found).color : "";
  };
  const gold = colour(".line-band .swatch");
  return {
    width: node.clientWidth,
    height: HEIGHT,
    padding: [8, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { range: atLeastAMinute },
      count: { range: fromZero(4) },
      ms: { range: fromZero(100) },
    },
    series: [
      {},
      ...callLines.map(({ key, dash, scale }) => ({
        scale,
        stroke: colour(`.line-${key} .swatch`),
        width: key === "p95Ms" ? 1.25 : 1.75,
        ...(key === "calls" && { fill: withAlpha(colour(".line-calls .swatch"), 0.12) }),
        dash: [...dash],
        points: { show: true, size: 3, filter: lonely, fill: colour(`.line-${key} .swatch`) },
      })),
    ],
    axes: axesOf(colour, zone),
    hooks: {
      drawClear: [(plot) => drawBands(plot, bands(), nowMs(), gold)],
      setCursor: [(plot) => onPoint(pointedAt(plot))],
    },
  };
}

/** A second without an end of a call has no percentile: its neighbours get a dot, and no line across. */
const lonely: UPlot.Series.Points.Filter = ({ data }, place) => {
  const values = data[place] ?? [];
  const isNone = (at: number): boolean => values[at] === null || values[at] === undefined;
  return [...values.keys()].filter((at) => !isNone(at) && isNone(at - 1) && isNone(at + 1));
};

/** Of a colour as the browser computes it: `rgb(1, 2, 3)`. */
const withAlpha = (colour: string, alpha: number): string =>
  colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);

/** From zero up, and never so close that one call looks like a storm. */
const fromZero =
  (least: number): UPlot.Scale.Range =>
  (_plot, _min, max) => [0, Math.max(least, (max ?? 0) * 1.1)];

/** A program that has just begun is no storm in five seconds. */
const atLeastAMinute: UPlot.Scale.Range = (_plot, min, max) => [
  Math.min(min ?? 0, (max ?? 0) - 60),
  max ?? 60,
];

/** Nobody makes half a call. */
const COUNT_STEPS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000];

function axesOf(colour: (selector: string) => string, zone: Zone): UPlot.Axis[] {
  const shared = {
    stroke: colour(".legend .dim"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    ticks: { show: false },
  };
  const grid = { stroke: colour(".plot"), width: 1 };
  return [
    {
      ...shared,
      grid: { show: false },
      space: 72,
      size: 24,
      values: (_plot, splits) => splits.map((second) => clockTime(second * 1_000, zone)),
    },
    { ...shared, scale: "count", grid, size: 36, space: 40, gap: 4, incrs: [...COUNT_STEPS] },
    {
      ...shared,
      scale: "ms",
      side: 1,
      grid: { show: false },
      size: 52,
      space: 40,
      gap: 4,
      values: (_plot, splits) => splits.map((ms) => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`)),
    },
  ];
}

function pointedAt({ cursor, data }: UPlot): number | null {
  return cursor.idx === null || cursor.idx === undefined ? null : (data[0]?.[cursor.idx] ?? null);
}

/** Behind the lines, as uPlot has just wiped its canvas. */
function drawBands(
  { ctx, bbox, valToPos }: UPlot,
  incidents: readonly Incident[],
  nowMs: number,
  gold: string,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = gold;
  for (const { openedAtMs, endedAtMs } of incidents) {
    const left = valToPos(openedAtMs / 1_000, "x", true);
    const right = Math.max(left + 2, valToPos((endedAtMs ?? nowMs) / 1_000, "x", true));
    ctx.globalAlpha = 0.16;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top, right - left, 2 * devicePixelRatio);
  }
  ctx.restore();
}

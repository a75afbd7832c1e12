/** Prometheus' text exposition format, version 0.0.4, as its documentation defines it. */

import type { MetricSpec } from "./metric-table.ts";

/** What a series holds: one number, or the numbers of its buckets. */
export type SeriesValue =
  | { readonly kind: "number"; readonly value: number }
  | {
      readonly kind: "buckets";
      /** Of each bucket alone, in the order of the bounds; the last is that above all bounds. */
      readonly counts: readonly number[];
      readonly sum: number;
    };

export interface SeriesOf {
  /** Values of the labels, in their order. */
  readonly labels: readonly string[];
  readonly value: SeriesValue;
}

/** A family with its HELP and TYPE, each line ended; nothing when it has no series. */
export function familyText(name: string, spec: MetricSpec, all: readonly SeriesOf[]): string {
  if (all.length === 0) return "";
  const lines = [`# HELP ${name} ${escapeHelp(spec.help)}`, `# TYPE ${name} ${spec.type}`];
  for (const { labels, value } of all) {
    const pairs = spec.labels.map((label, at) => `${label}="${escapeLabel(labels[at] ?? "")}"`);
    if (value.kind === "number") lines.push(sample(name, pairs, value.value));
    else lines.push(...bucketLines(name, pairs, spec.bounds ?? [], value));
  }
  return `${lines.join("\n")}\n`;
}

function bucketLines(
  name: string,
  pairs: readonly string[],
  bounds: readonly number[],
  { counts, sum }: Extract<SeriesValue, { kind: "buckets" }>,
): readonly string[] {
  let upTo = 0;
  const lines = [...bounds, Number.POSITIVE_INFINITY].map((bound, at) => {
    upTo += counts[at] ?? 0;
    return sample(`${name}_bucket`, [...pairs, `le="${numberText(bound)}"`], upTo);
  });
  return [...lines, sample(`${name}_sum`, pairs, sum), sample(`${name}_count`, pairs, upTo)];
}

const sample = (name: string, pairs: readonly string[], value: number): string =>
  `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${numberText(value)}`;

/** As Go's ParseFloat reads it. */
function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

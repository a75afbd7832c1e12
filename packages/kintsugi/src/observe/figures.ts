/** Counted and measured numbers, by metric and by the values of its labels; bounded in every direction. */

import { familyText, type SeriesOf, type SeriesValue } from "./exposition.ts";
import { type MetricName, type MetricSpec, metricNames, metricTable } from "./metric-table.ts";

/** Series of a family; more are made from data, and would be its end. */
export const MOST_SERIES = 1_000;

/** Characters of a label's value; what is longer is cut. */
const LONGEST_LABEL = 200;

const OTHER = "other";

/** A number of one series. Whoever holds it may add to it without a search. */
export class Tally {
  value = 0;

  read(): SeriesValue {
    return { kind: "number", value: this.value };
  }
}

/** How the values of one series are spread over buckets. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (value > (this.#bounds[at] ?? Number.POSITIVE_INFINITY)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  read(): SeriesValue {
    return { kind: "buckets", counts: this.#counts, sum: this.#sum };
  }
}

/** All series of one metric. */
export class Family<One extends Tally | Distribution> {
  readonly #spec: MetricSpec;
  readonly #make: () => One;
  readonly #onDrop: () => void;
  readonly #series = new Map<string, { readonly labels: readonly string[]; readonly one: One }>();
  #other: One | undefined;

  constructor(spec: MetricSpec, make: () => One, onDrop: () => void) {
    this.#spec = spec;
    this.#make = make;
    this.#onDrop = onDrop;
  }

  /** The series of these labels, made when it is new; undefined when there is no room for it. */
  claim(...labels: readonly string[]): One | undefined {
    const values = labels.map(labelText);
    const key = JSON.stringify(values);
    const known = this.#series.get(key);
    if (known || this.#series.size >= MOST_SERIES) return known?.one;
    const one = this.#make();
    this.#series.set(key, { labels: values, one });
    return one;
  }

  /** The same; without room the series `other`, which all share that came too late, and a drop. */
  at(...labels: readonly string[]): One {
    const own = this.claim(...labels);
    if (own) return own;
    this.#onDrop();
    this.#other ??= this.#make();
    return this.#other;
  }

  /** In the order in which they came. */
  read(): readonly SeriesOf[] {
    const all = [...this.#series.values()].map(({ labels, one }) => ({
      labels,
      value: one.read(),
    }));
    if (!this.#other) return all;
    return [...all, { labels: this.#spec.labels.map(() => OTHER), value: this.#other.read() }];
  }
}

/** Families by name, made at their first use. */
export class Figures {
  readonly #onDrop: (name: MetricName) => void;
  readonly #families = new Map<MetricName, Family<Tally> | Family<Distribution>>();

  /** @param onDrop - hears of each value that found no room for a series of its own */
  constructor(onDrop: (name: MetricName) => void) {
    this.#onDrop = onDrop;
  }

  tallies(name: MetricName): Family<Tally> {
    return this.#family(name, () => new Tally());
  }

  distributions(name: MetricName): Family<Distribution> {
    const { bounds = [] } = metricTable[name];
    return this.#family(name, () => new Distribution(bounds));
  }

  /** What is so now. Without room it is left out: a sum of states, ages or scores would say nothing. */
  set(name: MetricName, labels: readonly string[], value: number): void {
    const place = this.tallies(name).claim(...labels);
    if (place) place.value = value;
    else this.#onDrop(name);
  }

  read(name: MetricName): readonly SeriesOf[] {
    return this.#families.get(name)?.read() ?? [];
  }

  #family<One extends Tally | Distribution>(name: MetricName, make: () => One): Family<One> {
    const known = this.#families.get(name) as Family<One> | undefined;
    if (known) return known;
    const made = new Family(metricTable[name], make, () => this.#onDrop(name));
    this.#families.set(name, made as Family<Tally> | Family<Distribution>);
    return made;
  }
}

/** All that these hold, in the order of the table; a metric stands in one of them. */
export const figuresText = (all: readonly Figures[]): string =>
  metricNames
    .map((name) =>
      familyText(
        name,
        metricTable[name],
        all.flatMap((each) => each.read(name)),
      ),
    )
    .join("");

/** Half of a surrogate pair cannot be sent, and two that differ in it alone would be sent as one. */
const labelText = (text: string): string => text.slice(0, LONGEST_LABEL).toWellFormed();

/**
 * What the breakers of several processes share of one circuit, and the pure functions that change it:
 *
 *     closed ── as many nodes as the quorum say that it is down ──▶ open ◀──────────┐
 *       ▲                                                            │  after its   │ as many nodes as the
 *       └──── successThreshold trials of all nodes succeed ──────────┤  time: leases│ quorum fail again
 *                                                                    └──────────────┘
 *
 * One node's word opens nothing for the others: a node that is broken itself would take all down. So a
 * node that finds the dependency down is open by itself, and says so with a vote that lasts as long as
 * its own opening. The same holds when a trial fails. What operators do, a reset and an isolation, holds
 * for all at once.
 *
 * All times are those of the store's clock: those of the nodes may differ by minutes.
 */

/** Where a record stands in a row of records; `generation` grows when it opens or closes for all. */
interface Numbered {
  /** Grows with every change: an older record that comes late is known for what it is. */
  readonly revision: number;
  readonly generation: number;
  /** Nodes for which it is open, and until when. */
  readonly votes: readonly Vote[];
  /** Nodes that hold it open for all on purpose, and until when at most. */
  readonly isolations: readonly Term[];
}

/** A record as stores keep it: plain data. */
export type SharedCircuit = Readonly<
  | ({ kind: "closed" } & Numbered)
  | ({
      kind: "open";
      /** From then on nodes may lease trials. */
      untilMs: number;
      /** How often it has opened since it was whole. */
      openings: number;
      /** Leases of trials that are out. */
      trials: readonly Term[];
      /** Trials of all nodes that have succeeded. */
      successes: number;
    } & Numbered)
>;

export interface Term {
  readonly node: string;
  readonly untilMs: number;
}

export interface Vote extends Term {
  readonly openings: number;
}

/** How a node leases: as many trials as `places` in all, each for so long. */
export interface LeaseTerms {
  readonly node: string;
  readonly places: number;
  readonly leaseMs: number;
}

type Change = (record: SharedCircuit, nowMs: number) => SharedCircuit;

export const untold: SharedCircuit = {
  kind: "closed",
  revision: 0,
  generation: 0,
  votes: [],
  isolations: [],
};

/**
 * A node is open by itself, by its window or by a trial that failed. What its other trials find out counts
 * no more, so it gives back all of its leases.
 */
export const vote =
  (own: Vote, quorum: number): Change =>
  (record, nowMs) => {
    const isSaid = record.kind === "open" && nowMs < record.untilMs;
    if (isSaid || nowMs >= own.untilMs) return record;
    const votes = [...others(record.votes, own.node, nowMs), own];
    if (votes.length < quorum) {
      return record.kind === "open"
        ? { ...record, votes, trials: others(record.trials, own.node, nowMs) }
        : { ...record, votes };
    }
    const again = record.kind === "open" ? record.openings + 1 : 1;
    return {
      kind: "open",
      revision: record.revision,
      generation: after(record.generation, nowMs),
      // As long as that many nodes say: one alone cannot make it longer.
      untilMs: agreed(
        votes.map(({ untilMs }) => untilMs),
        quorum,
      ),
      openings: Math.max(
        again,
        agreed(
          votes.map(({ openings }) => openings),
          quorum,
        ),
      ),
      votes: [],
      trials: [],
      successes: 0,
      isolations: record.isolations,
    };
  };

/**
 * A trial of a generation, or a node that was open by itself, has found the dependency well; with one
 * place, what that node has found is enough.
 */
export const succeeded =
  (node: string, generation: number, places: number): Change =>
  (record, nowMs) => {
    const votes = others(record.votes, node, nowMs);
    if (record.kind === "closed") {
      return votes.length === record.votes.length ? record : { ...record, votes };
    }
    if (record.generation !== generation) return record;
    const successes = record.successes + 1;
    if (successes >= places) return closed(record, votes, nowMs);
    return { ...record, votes, successes, trials: withoutOne(record.trials, node) };
  };

/** A lease was not used, or its trial has said nothing. */
export const gaveBack =
  (node: string, generation: number): Change =>
  (record) => {
    if (record.kind === "closed" || record.generation !== generation) return record;
    const trials = withoutOne(record.trials, node);
    return trials.length === record.trials.length ? record : { ...record, trials };
  };

/** Leases a trial, where it is open, its time is over and there is a place; else nothing changes. */
export const lease =
  ({ node, places, leaseMs }: LeaseTerms): Change =>
  (record, nowMs) => {
    if (record.kind === "closed" || nowMs < record.untilMs) return record;
    if (!hasPlace(record, places, nowMs)) return record;
    const trials = record.trials.filter(({ untilMs }) => nowMs < untilMs);
    return { ...record, trials: [...trials, { node, untilMs: nowMs + leaseMs }] };
  };

export const isolate =
  (own: Term): Change =>
  (record, nowMs) => ({
    ...record,
    isolations: [...others(record.isolations, own.node, nowMs), own],
  });

export const release =
  (node: string): Change =>
  (record, nowMs) => {
    const isolations = others(record.isolations, node, nowMs);
    return isolations.length === record.isolations.length ? record : { ...record, isolations };
  };

/** Closed for all, whatever any node has found. */
export const closeForAll: Change = (record, nowMs) => closed(record, [], nowMs);

/** Numbered after the record that it takes the place of, also where the store has lost that one. */
export const revised = (record: SharedCircuit, nowMs: number): SharedCircuit => ({
  ...record,
  revision: after(record.revision, nowMs),
});

/** A record as it came from a store; undefined where it is none, as one of another version may be. */
export function sharedFrom(value: unknown): SharedCircuit | undefined {
  const { kind, revision, generation, votes, isolations, ...rest } = Object(value) as Readonly<
    Record<string, unknown>
  >;
  const isNumbered = Number.isFinite(revision) && Number.isFinite(generation);
  if (!isNumbered || !isTerms(votes) || !isTerms(isolations)) return undefined;
  const { untilMs, openings, successes, trials } = rest;
  const isOpen = [untilMs, openings, successes].every(Number.isFinite) && isTerms(trials);
  return kind === "closed" || (kind === "open" && isOpen) ? (value as SharedCircuit) : undefined;
}

/** Whether a node may believe that a trial would be granted, going by what it knows. */
export function hasPlace(record: SharedCircuit, places: number, nowMs: number): boolean {
  if (record.kind === "closed") return true;
  const trials = record.trials.filter(({ untilMs }) => nowMs < untilMs);
  return trials.length + record.successes < places;
}

function isTerms(value: unknown): value is readonly Term[] {
  if (!Array.isArray(value)) return false;
  return value.every((each: Partial<Term> | null) => {
    return typeof each?.node === "string" && Number.isFinite(each.untilMs);
  });
}

const closed = (
  { revision, generation, isolations }: SharedCircuit,
  votes: readonly Vote[],
  nowMs: number,
): SharedCircuit => ({
  kind: "closed",
  revision,
  generation: after(generation, nowMs),
  votes,
  isolations,
});

/** By the clock where that is ahead: a store that forgot a circuit does not begin again with low numbers. */
const after = (number: number, nowMs: number): number => Math.max(number + 1, Math.floor(nowMs));

/** The greatest number that so many agree on at least. */
const agreed = (numbers: readonly number[], count: number): number =>
  numbers.toSorted((a, b) => b - a)[count - 1] ?? 0;

function others<T extends Term>(terms: readonly T[], node: string, nowMs: number): readonly T[] {
  return terms.filter((each) => each.node !== node && nowMs < each.untilMs);
}

/** Leases of one node are one as good as the other: the one that ends first is given back. */
function withoutOne(terms: readonly Term[], node: string): readonly Term[] {
  const place = terms.findIndex((each) => each.node === node);
  return place < 0 ? terms : terms.toSpliced(place, 1);
}

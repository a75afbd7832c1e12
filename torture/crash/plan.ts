/** What a run under torture does, made from chance; and what must follow what, for the judge. */

import type { Random } from "@kintsugi/policy/base";

/** One piece of a workflow. Names are unique within a run, its children included. */
export type Piece = Readonly<
  /** An effect at the ledger, which refuses it `refusals` times before it answers. */
  | { kind: "step"; name: string; attempts: number; refusals: number }
  | { kind: "parallel"; branches: readonly Plan[] }
  | { kind: "sleep"; ms: number }
  | { kind: "signal"; name: string }
  /** A value that the engine makes by itself and records. */
  | { kind: "value"; name: string }
  | { kind: "child"; plan: Plan }
  /** The first branch to end wins; each ends with a step, whose nonce is that of the race. */
  | { kind: "race"; name: string; branches: readonly Plan[] }
>;

export type Plan = readonly Piece[];

/** Something that gives a nonce, and whose nonces its code had in hand when it ran. */
export interface Source {
  readonly kind: "start" | "step" | "signal" | "value" | "race";
  readonly after: readonly string[];
  /** Of a step: attempts in all, and how many of them the ledger refuses. */
  readonly attempts: number;
  readonly refusals: number;
  /** Of a race: the last steps of its branches, one of which has its nonce. */
  readonly candidates: readonly string[];
  /** Of a step: the race that it runs in. */
  readonly race: string | undefined;
}

export interface Order {
  readonly sources: ReadonlyMap<string, Source>;
  /** The names whose nonces are the result of the run. */
  readonly last: readonly string[];
}

/** The nonce that comes with the input. */
export const START = "start";

/** The ledger refuses such a step for ever: what is recorded is its failure. */
export const ALWAYS: number = Number.MAX_SAFE_INTEGER;

const MOST_PIECES = 6;

/** A plan of a few pieces; the first is a step, so that every run has an effect at once. */
export function makePlan(random: Random): Plan {
  let named = 0;
  const name = (letter: string): string => `${letter}${++named}`;
  const below = (limit: number): number => Math.floor(random.next() * limit);

  const step = (): Piece => {
    const kind = below(8);
    const attempts = kind < 2 ? 2 + below(3) : 1;
    const refusals = kind === 0 ? ALWAYS : below(attempts);
    return { kind: "step", name: name("s"), attempts, refusals };
  };
  const steps = (most: number): Plan => Array.from({ length: 1 + below(most) }, step);
  const branches = (): readonly Plan[] => Array.from({ length: 2 + below(3) }, () => steps(2));
  const piece = (): Piece => {
    const choice = below(14);
    if (choice < 6) return step();
    if (choice < 8) return { kind: "parallel", branches: branches() };
    if (choice < 9) return { kind: "sleep", ms: below(60) };
    if (choice < 11) return { kind: "signal", name: name("w") };
    if (choice < 12) return { kind: "value", name: name("v") };
    if (choice < 13) return { kind: "race", name: name("r"), branches: branches() };
    return { kind: "child", plan: steps(3) };
  };
  const rest = Array.from({ length: 2 + below(MOST_PIECES - 1) }, piece);
  return [step(), ...rest, step()];
}

/** The small workload of `write`: one piece of each kind, and as few records as that takes. */
export const everyKind: Plan = [
  { kind: "step", name: "s1", attempts: 2, refusals: 1 },
  {
    kind: "parallel",
    branches: [
      [{ kind: "step", name: "s2", attempts: 1, refusals: 0 }],
      [{ kind: "step", name: "s3", attempts: 2, refusals: ALWAYS }],
    ],
  },
  { kind: "value", name: "v4" },
  { kind: "sleep", ms: 1 },
  { kind: "signal", name: "w5" },
  { kind: "child", plan: [{ kind: "step", name: "s6", attempts: 1, refusals: 0 }] },
  {
    kind: "race",
    name: "r7",
    branches: [
      [{ kind: "step", name: "s8", attempts: 1, refusals: 0 }],
      [{ kind: "step", name: "s9", attempts: 1, refusals: 0 }],
    ],
  },
  { kind: "step", name: "s10", attempts: 1, refusals: 0 },
];

const nothing = { after: [], attempts: 0, refusals: 0, candidates: [], race: undefined };

/** What each name comes after, as the code of the plan goes. */
export function orderOf(plan: Plan): Order {
  const sources = new Map<string, Source>();
  const walk = (pieces: Plan, before: readonly string[], race?: string): readonly string[] => {
    let inHand = before;
    for (const piece of pieces) {
      const fork = inHand;
      switch (piece.kind) {
        case "step": {
          const { kind, name, attempts, refusals } = piece;
          sources.set(name, { ...nothing, kind, after: inHand, attempts, refusals, race });
          inHand = [name];
          break;
        }
        case "parallel":
          inHand = piece.branches.flatMap((branch) => walk(branch, fork, race));
          break;
        case "race": {
          const { kind, name, branches } = piece;
          const candidates = branches.flatMap((branch) => walk(branch, fork, name));
          sources.set(name, { ...nothing, kind, candidates });
          inHand = [name];
          break;
        }
        case "signal":
        case "value":
          sources.set(piece.name, { ...nothing, kind: piece.kind });
          inHand = [...inHand, piece.name];
          break;
        case "child":
          inHand = walk(piece.plan, inHand, race);
          break;
        case "sleep":
          break;
      }
    }
    return inHand;
  };
  sources.set(START, { ...nothing, kind: "start" });
  return { last: walk(plan, [START]), sources };
}

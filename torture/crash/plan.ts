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
>;

export type Plan = readonly Piece[];

/** Something that gives a nonce, and whose nonces its code had in hand when it ran. */
export interface Source {
  readonly kind: "start" | "step" | "signal" | "value";
  readonly after: readonly string[];
  /** Of a step: attempts in all, and how many of them the ledger refuses. */
  readonly attempts: number;
  readonly refusals: number;
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
    const choice = below(13);
    if (choice < 6) return step();
    if (choice < 8) return { kind: "parallel", branches: branches() };
    if (choice < 9) return { kind: "sleep", ms: below(60) };
    if (choice < 11) return { kind: "signal", name: name("w") };
    if (choice < 12) return { kind: "value", name: name("v") };
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
  { kind: "step", name: "s7", attempts: 1, refusals: 0 },
];

/** What each name comes after, as the code of the plan goes. */
export function orderOf(plan: Plan): Order {
  const sources = new Map<string, Source>();
  const add = (kind: Source["kind"], name: string, more: Omit<Source, "kind">): void => {
    sources.set(name, { kind, ...more });
  };
  const walk = (pieces: Plan, before: readonly string[]): readonly string[] => {
    let inHand = before;
    for (const piece of pieces) {
      switch (piece.kind) {
        case "step": {
          const { name, attempts, refusals } = piece;
          add("step", name, { after: inHand, attempts, refusals });
          inHand = [name];
          break;
        }
        case "parallel": {
          const fork = inHand;
          inHand = piece.branches.flatMap((branch) => walk(branch, fork));
          break;
        }
        case "signal":
        case "value":
          add(piece.kind, piece.name, { after: [], attempts: 0, refusals: 0 });
          inHand = [...inHand, piece.name];
          break;
        case "child":
          inHand = walk(piece.plan, inHand);
          break;
        case "sleep":
          break;
      }
    }
    return inHand;
  };
  add("start", START, { after: [], attempts: 0, refusals: 0 });
  return { last: walk(plan, [START]), sources };
}

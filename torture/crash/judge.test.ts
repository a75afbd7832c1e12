import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Judge } from "./judge.ts";
import { orderOf, type Source } from "./plan.ts";
import { soundHistory } from "./sound-program.ts";
import type { Effect, Told, ViolationKind } from "./told.ts";

const judged = (history: readonly Told[]): Judge => {
  const judge = new Judge();
  for (const told of history) judge.hear(told);
  return judge;
};

const kindsOf = (history: readonly Told[]): ReadonlySet<ViolationKind> =>
  new Set(judged(history).violations.map(({ kind }) => kind));

const isEffect = (told: Told): told is Effect => told.kind === "effect";

describe("a program that keeps all its promises, however often it is killed", () => {
  it("is found guilty of nothing, and its repeats are counted", () => {
    let repeats = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const judge = judged(soundHistory(seed));
        expect(judge.violations).toEqual([]);
        expect([judge.accepted, judge.ended]).toEqual([1, 1]);
        repeats += judge.repeats;
      }),
      { numRuns: 500 },
    );
    expect(repeats).toBeGreaterThan(100);
  });
});

/** One change of a sound history that nobody outside may miss; undefined where there is no place for it. */
type Fault = (history: readonly Told[], chance: number) => readonly Told[] | undefined;

const changed = (
  history: readonly Told[],
  chance: number,
  fits: (told: Told, index: number) => boolean,
  change: (told: Told, index: number) => readonly Told[],
): readonly Told[] | undefined => {
  const places = history.flatMap((told, index) => (fits(told, index) ? [index] : []));
  const place = places[Math.floor(chance * places.length)];
  if (place === undefined) return undefined;
  return history.flatMap((told, index) => (index === place ? change(told, index) : [told]));
};

const quotesAStep = (told: Told): boolean =>
  isEffect(told) && told.quotes.some((quote) => quote.startsWith("nonce"));

const withQuote = (told: Told, quote: string): Told =>
  isEffect(told)
    ? { ...told, quotes: told.quotes.map((one) => (one.startsWith("nonce") ? quote : one)) }
    : told;

/** Effects whose result is quoted later in the history. */
const isQuotedLater = (history: readonly Told[], index: number): boolean => {
  const told = history[index];
  const later = history.slice(index + 1);
  return (
    told?.kind === "effect" && later.some((one) => isEffect(one) && one.quotes.includes(told.nonce))
  );
};

const faults: readonly (readonly [string, readonly ViolationKind[], Fault])[] = [
  [
    "loses an accepted run",
    ["lost"],
    (history, chance) =>
      changed(
        history,
        chance,
        (told) => told.kind === "seen" && told.status === "running",
        (told) => [{ ...told, status: "unknown" } as Told],
      ),
  ],
  [
    "never ends a run",
    ["lost"],
    (history) => history.filter(({ kind }) => kind !== "ended" && kind !== "seen"),
  ],
  [
    "ends a run otherwise when it is asked again",
    ["unstable"],
    (history, chance) =>
      changed(
        history,
        chance,
        ({ kind }) => kind === "ended",
        (told) => [told, { ...told, result: ["another"] } as Told],
      ),
  ],
  [
    "runs a recorded step again at the end",
    ["repeated"],
    (history, chance) => {
      const end = history.findIndex(({ kind }) => kind === "ended");
      const effects = history.filter((told, index) => isEffect(told) && index < end);
      const again = effects[Math.floor(chance * effects.length)];
      const life = history.findLast(({ kind }) => kind === "owns");
      if (!again || life?.kind !== "owns") return undefined;
      const repeated = { ...again, nonce: "once more", life: life.life } as Told;
      return [...history.slice(0, end), repeated, ...history.slice(end)];
    },
  ],
  [
    "runs a step although its result was quoted",
    ["repeated"],
    (history, chance) =>
      changed(history, chance, quotesAStep, (told) => {
        const quoted = isEffect(told) ? told.quotes.find((one) => one.startsWith("nonce")) : "";
        const source = history.find((one) => isEffect(one) && one.nonce === quoted);
        const life = isEffect(told) ? told.life : 0;
        return [told, { ...source, nonce: "once more", life } as Told];
      }),
  ],
  [
    "swaps the results of two steps",
    ["swapped", "reordered"],
    (history, chance) =>
      changed(history, chance, quotesAStep, (told, index) => {
        const own = isEffect(told) ? told.quotes : [];
        const names = new Set(
          history.flatMap((one) => (isEffect(one) && own.includes(one.nonce) ? [one.step] : [])),
        );
        const [asked] = history;
        const sources =
          asked?.kind === "submitted" ? orderOf(asked.plan).sources : new Map<string, Source>();
        const isElsewhere = (step: string): boolean =>
          !names.has(step) && sources.get(step)?.race === undefined; // Whoever wins a race may win it.
        const other = history.find(
          (one, place) => isEffect(one) && isElsewhere(one.step) && place < index,
        );
        return [withQuote(told, other && isEffect(other) ? other.nonce : "the input")];
      }),
  ],
  [
    "invents a result",
    ["invented"],
    (history, chance) =>
      changed(history, chance, quotesAStep, (told) => [withQuote(told, "made up")]),
  ],
  [
    "runs a step before those that it comes after",
    ["reordered", "invented"],
    (history, chance) =>
      changed(
        history,
        chance,
        (_, index) => isQuotedLater(history, index),
        () => [],
      ),
  ],
  [
    "forgets a result on the way",
    ["reordered"],
    (history, chance) =>
      changed(history, chance, quotesAStep, (told) => [
        isEffect(told) ? { ...told, quotes: told.quotes.slice(1) } : told,
      ]),
  ],
  [
    "has an effect in a life that has been replaced",
    ["zombie"],
    (history, chance) =>
      changed(
        history,
        chance,
        (told) => isEffect(told) && told.life > 1,
        (told) => [{ ...told, nonce: "of the old owner", life: 1 } as Told, told],
      ),
  ],
  [
    "gives the folder to two",
    ["zombie"],
    (history, chance) =>
      changed(
        history,
        chance,
        ({ kind }) => kind === "gone",
        () => [],
      ),
  ],
  [
    "lets a run die",
    ["died"],
    (history, chance) =>
      changed(
        history,
        chance,
        ({ kind }) => kind === "seen",
        (told) => [{ ...told, status: "dead", why: "of a crash" } as Told],
      ),
  ],
  [
    "changes the key of a step",
    ["unstable"],
    (history, chance) =>
      changed(
        history,
        chance,
        (told, index) =>
          isEffect(told) &&
          history.some((one, place) => isEffect(one) && one.step === told.step && place < index),
        (told) => [{ ...told, key: "another" } as Told],
      ),
  ],
  [
    "counts a crash as an attempt",
    ["attempts"],
    (history, chance) =>
      changed(history, chance, isEffect, (told) => [
        isEffect(told) ? { ...told, attempt: told.attempt + 100 } : told,
      ]),
  ],
  [
    "does what nobody asked for",
    ["invented"],
    (history, chance) =>
      changed(history, chance, isEffect, (told) => [
        told,
        { ...told, run: "unheard of", nonce: "new" } as Told,
      ]),
  ],
];

describe("a program that", () => {
  it.each(faults)("%s is found guilty of that", (_, kinds, fault) => {
    let places = 0;
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (seed, chance) => {
        const broken = fault(soundHistory(seed), chance);
        if (!broken) return;
        places += 1;
        const found = kindsOf(broken);
        expect([...found].filter((kind) => kinds.includes(kind)).length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
    expect(places).toBeGreaterThan(20);
  });
});

import { describe, expect, it } from "vitest";

import { compare, comparisonLines, type Sides } from "./comparison.ts";

const packageOf = (name: string, documents: number) => ({
  name,
  documents: Array.from({ length: documents }, (_, index) => ({
    path: `${name}/README.${index}`,
    kind: "readme" as const,
  })),
});

/** Documents of one package. */
const hit = ["p1/README.0", "p1/README.3"];

/** Five packages with ten documents; bare finished two of them, begun were four. */
function setup(other: Partial<Sides> = {}) {
  const sides: Sides = {
    seed: "seed",
    packages: [1, 4, 2, 2, 1].map((documents, index) => packageOf(`p${index}`, documents)),
    failureRate: 0.18,
    delayOf: () => 100,
    concurrency: 2,
    kintsugi: {
      packagesFailed: 0,
      documentsLost: 0,
      stepsRecorded: 25,
      calls: { asked: 15, failed: 3, hit },
      timeMs: 4_000,
      cost: { cpuMs: 1_200, peakBytes: 200 * 2 ** 20 },
    },
    bare: {
      finished: ["p0", "p2"],
      begun: 4,
      ending: { kind: "killed", by: "kill -9 of the runtime", documents: 9 },
      calls: { asked: 7, failed: 2, hit: [] },
      timeMs: 1_234.5,
      cost: undefined,
    },
    about: { startedAt: "", endedAt: "", versions: {}, commit: null, folder: "/somewhere" },
    ...other,
  };
  return { sides, ...compare(sides) };
}

describe("a comparison", () => {
  it("counts what bare lost, and what it asked for in vain", () => {
    expect(setup().exact.bare).toEqual({
      packagesFailed: 3,
      packagesBegun: 4,
      packagesFailedOfBegun: 2,
      documentsLost: 7,
      callsFailed: 2,
      answersThrownAway: 2,
      ending: { kind: "killed", by: "kill -9 of the runtime", documents: 9 },
    });
  });

  it("counts how many documents and packages met a call that failed", () => {
    expect(setup().exact.kintsugi).toMatchObject({ documentsHit: 2, packagesHit: 1 });
  });

  it("keeps what differs from run to run out of what does not", () => {
    const one = setup();
    const { kintsugi, bare, about } = one.sides;
    const other = setup({
      kintsugi: {
        ...kintsugi,
        timeMs: 9_999,
        cost: undefined,
        calls: { asked: 19, failed: 3, hit },
      },
      bare: { ...bare, timeMs: 9_999, cost: { cpuMs: 1, peakBytes: 1 } },
      about: { ...about, startedAt: "later", folder: "/elsewhere", commit: "abc" },
    });
    expect(JSON.stringify(other.exact)).toBe(JSON.stringify(one.exact));
    expect(one.measured.kintsugi.callsCutOff).toBe(2);
    expect(other.measured.kintsugi.callsCutOff).toBe(6);
  });

  it("knows how long the answers alone take: each place takes the next package when it is free", () => {
    // Two places: 1 then 2 then 2, and 4 then 1.
    expect(setup().exact.undisturbedMs).toBe(500);
    expect(setup({ concurrency: 1 }).exact.undisturbedMs).toBe(1_000);
  });
});

describe("the table", () => {
  it("says both sides, marks what varies, and says what ended bare", () => {
    expect(comparisonLines(setup())).toMatchInlineSnapshot(`
      [
        "                              with Kintsugi                     bare",
        "  runs failed (packages)      0 of 5                            3 of 5",
        "  work lost (documents)       0 of 10                           7 of 10",
        "  calls wasted: failed        3, asked again                    2",
        "    answered, thrown away     0                                 2",
        "    cut off by a fault        ~ 2, asked again                  0",
        "  time                        ~ 4.0 s                           ~ 1.2 s",
        "  cost: steps recorded        25 (2.5 a document)               0",
        "    time beyond the answers   ~ 3.5 s (350.0 ms a document)     -",
        "    CPU                       ~ 1.2 s (120 ms a document)       not measured here",
        "    memory, at most           ~ 200 MB                          not measured here",
        "",
        "  Bare was ended by "kill -9 of the runtime" at document 9 of 10; nobody started it again.",
        "  Until then 2 of 4 packages had failed (50 %): the provider fails 18 % of all calls, and",
        "  a package takes one for each of its documents. With Kintsugi 2 of 10 documents (20 %)",
        "  and 1 of 5 packages (20 %) met such a call too; it was made again.",
        "  ~ differs from run to run; all other figures follow from the seed "seed". The answers",
        "  alone take 0.5 s when nothing fails. CPU and memory: runtime and watchdog, or the bare program,",
        "  the work on the documents included; the model server counts on neither side.",
      ]
    `);
  });

  it("fits into a terminal of 100 columns", () => {
    expect(comparisonLines(setup()).filter((line) => line.length > 100)).toEqual([]);
  });

  it("marks every figure that was measured, and none that follows from the seed", () => {
    const { sides } = setup();
    const zero = { cpuMs: 0, peakBytes: 0 };
    const { kintsugi, bare } = sides;
    const one = comparisonLines(setup());
    const other = comparisonLines(
      setup({
        kintsugi: { ...kintsugi, timeMs: 0, cost: zero, calls: { asked: 13, failed: 3, hit } },
        bare: { ...bare, timeMs: 0, cost: zero },
      }),
    );
    const differing = one.filter((line, index) => line !== other[index]);
    expect(differing).toHaveLength(5);
    expect(differing.filter((line) => !line.includes("~"))).toEqual([]);
  });

  it.each([
    [{ kind: "stuck" } as const, /waited for an answer/],
    [{ kind: "finished" } as const, /came to its end/],
  ])("says it of %j too", (ending, words) => {
    const { sides } = setup();
    const lines = comparisonLines(setup({ bare: { ...sides.bare, ending } }));
    expect(lines.join("\n")).toMatch(words);
  });
});

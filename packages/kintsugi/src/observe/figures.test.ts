import { describe, expect, it } from "vitest";

import { Figures, figuresText, MOST_SERIES } from "./figures.ts";

const setup = () => {
  const dropped: string[] = [];
  const figures = new Figures((name) => void dropped.push(name));
  return { figures, dropped, lines: () => figuresText([figures]).split("\n") };
};

describe("a tally", () => {
  it("is the same for the same labels, and another for others", () => {
    const { figures } = setup();
    const calls = figures.tallies("kintsugi_calls_total");
    calls.at("a", "success").value += 1;
    calls.at("a", "success").value += 1;
    expect(calls.at("a", "success").value).toBe(2);
    expect(calls.at("a", "failure").value).toBe(0);
    expect(figures.tallies("kintsugi_calls_total")).toBe(calls);
  });

  it("cannot be taken for another by what its labels contain", () => {
    const { figures, lines } = setup();
    figures.tallies("kintsugi_calls_total").at('a","b', "c").value += 1;
    figures.tallies("kintsugi_calls_total").at("a", 'b","c').value += 1;
    expect(lines().filter((line) => line.startsWith("kintsugi_calls_total{"))).toHaveLength(2);
  });

  it("has labels that can be sent, and that are not endless", () => {
    const { figures, lines } = setup();
    const retries = figures.tallies("kintsugi_retries_total");
    for (const half of ["\ud800", "\udbff"]) retries.at(half).value += 1;
    for (const end of ["x", "y"]) retries.at(`${"a".repeat(1_000)}${end}`).value += 1;
    expect(lines().slice(2, -1)).toEqual([
      'kintsugi_retries_total{policy="\ufffd"} 2',
      `kintsugi_retries_total{policy="${"a".repeat(200)}"} 2`,
    ]);
  });
});

describe("a distribution", () => {
  it("puts a value that is a bound into the bucket of that bound", () => {
    const { figures, lines } = setup();
    const seconds = figures.distributions("kintsugi_call_duration_seconds").at("a");
    for (const value of [0, 0.001, 0.0011, 81.92, 82]) seconds.observe(value);
    const bucket = (le: string): number => {
      const line = lines().find((each) => each.includes(`_bucket{policy="a",le="${le}"}`));
      return Number(line?.split(" ").at(-1));
    };
    expect(["0.001", "0.0025", "40.96", "81.92", "+Inf"].map(bucket)).toEqual([2, 3, 3, 4, 5]);
  });
});

describe("a family that is full", () => {
  it("counts what comes later in one series for all, and says so", () => {
    const { figures, lines, dropped } = setup();
    const calls = figures.tallies("kintsugi_calls_total");
    for (let count = 0; count < MOST_SERIES + 3; count += 1) {
      calls.at(`policy ${count}`, "success").value += 1;
    }
    calls.at("policy 7", "success").value += 1;
    const shown = lines().filter((line) => line.startsWith("kintsugi_calls_total{"));
    expect(shown).toHaveLength(MOST_SERIES + 1);
    expect(shown.at(-1)).toBe('kintsugi_calls_total{policy="other",outcome="other"} 3');
    expect(shown[7]).toBe('kintsugi_calls_total{policy="policy 7",outcome="success"} 2');
    expect(dropped).toEqual(new Array(3).fill("kintsugi_calls_total"));
  });

  it("leaves out what is only so now, and says so", () => {
    const { figures, lines, dropped } = setup();
    for (let count = 0; count <= MOST_SERIES; count += 1) {
      figures.set("kintsugi_trust_score", [`subject ${count}`], 1);
    }
    expect(lines().filter((line) => line.startsWith("kintsugi_trust_score{"))).toHaveLength(
      MOST_SERIES,
    );
    expect(dropped).toEqual(["kintsugi_trust_score"]);
  });
});

describe("the text of all figures", () => {
  it("has each family once, in the order of the table, wherever it was kept", () => {
    const [one, other] = [setup().figures, setup().figures];
    one.set("kintsugi_dead_letters", [], 4);
    other.set("kintsugi_build_info", ["1"], 1);
    one.tallies("kintsugi_retries_total").at("a");
    const types = figuresText([one, other])
      .split("\n")
      .filter((line) => line.startsWith("# TYPE"));
    expect(types).toEqual([
      "# TYPE kintsugi_build_info gauge",
      "# TYPE kintsugi_retries_total counter",
      "# TYPE kintsugi_dead_letters gauge",
    ]);
  });
});

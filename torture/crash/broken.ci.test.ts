import { describe, expect, it } from "vitest";

import { brokenJournals } from "./broken.ts";
import { type Mode, tortureEngine } from "./torture-engine.ts";

/** Where each fault shows, and what it is found guilty of. */
const faults: readonly (readonly [string, Mode, RegExp])[] = [
  ["journals-nothing", "kill", /ran again in life|ran twice/],
  ["buffers", "kill", /ran again in life \d+ though .* had quoted its result/],
  ["acknowledges-early", "kill", /was accepted and life \d+ has no such run/],
  ["done-before-effect", "kill", /which had not run yet|which nobody ever gave/],
  ["runs-again", "kill", /ran again in life|which had run again after that/],
  ["counts-crashes", "kill", /is dead though nothing in it should end it/],
  ["swaps", "kill", /held the result of step \w+ of run .* as that of|CorruptRecord/],
  ["torn", "kill", /which nobody ever gave|CorruptRecord/],
  ["no-lock", "stop", /had an effect in life 1 though life 2 has the folder/],
  ["sync-normal", "power", /was accepted and life \d+ has no such run|ran again in life/],
  ["sync-off", "power", /was accepted and life \d+ has no such run|ran again in life|corrupt/],
];

/** Within so many faults each of them must be found. */
const MOST_FAULTS = 30;

describe("a journal that is broken on purpose", () => {
  it.each(faults)("is found out: %s, by the mode %s", async (broken, mode, sentence) => {
    const result = await tortureEngine({ mode, seed: "broken", count: MOST_FAULTS, broken });
    const [first] = result.violations;
    console.log(`${broken}: after ${result.faults} faults: ${first?.sentence}`);
    expect(result.violations.map((one) => one.sentence).join("\n")).toMatch(sentence);
  });

  it("is of one of those kinds: none is left out", () => {
    expect(faults.map(([name]) => name).toSorted()).toEqual([...brokenJournals.keys()].toSorted());
  });
});

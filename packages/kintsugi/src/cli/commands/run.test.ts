import { describe, expect, it } from "vitest";

import { simulatedWorld } from "../../testing/index.ts";
import type { CommandContext } from "../context.ts";
import { run } from "./run.ts";

const url = "http://127.0.0.1:4600";

const view = {
  id: "r1",
  workflow: "count",
  version: 1,
  status: "running",
  waiting: false,
  parentId: null,
  createdAtMs: 1_000,
  endedAtMs: null,
  stepsRecorded: 1,
  progress: null,
  error: null,
  crashes: 0,
  deadReason: null,
  forkedFrom: null,
  generation: 0,
};

/** A program whose run looks like these, one look after the other. */
function setup(looks: readonly object[]) {
  const world = simulatedWorld({ seed: 1 });
  const paths = world.paths("/state");
  const host = world.host({ env: {} });
  const asked: string[] = [];
  let left = [{}, ...looks];
  world.route(url, async (request) => {
    asked.push(`${request.method} ${await request.text()}`.trim());
    const [next, ...others] = left;
    left = others.length > 0 ? others : left;
    return Response.json({ ...view, ...next });
  });
  const identity = { ...world.host().process.identity, instance: paths.instance, url };
  host.files.writeAtomic(paths.runtimeFile, JSON.stringify(identity));
  const [out, err]: [string[], string[]] = [[], []];
  const context: CommandContext = {
    host,
    cwd: "/",
    terminal: {
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      copy: () => {},
      closed: false,
    },
    interrupted: new AbortController().signal,
    insisted: new AbortController().signal,
  };
  const type = (json: boolean) =>
    world.clock.until(
      run(context, {
        workflow: "count",
        input: "7",
        id: "r1",
        dataDir: "/state",
        json,
        wait: true,
      }),
    );
  return { type, out, err, asked };
}

const at = (done: number, note = "") => ({ progress: { done, total: 30, note } });
const completed = { ...at(30), status: "completed", endedAtMs: 66_000, stepsRecorded: 30 };

describe("a run that is followed", () => {
  it("has a line for each tenth, and one for its end", async () => {
    const { type, out, asked } = setup([at(2), at(3, "a"), at(5), at(5), at(19), at(4), completed]);
    expect(await type(false)).toBe(0);
    expect(out).toEqual([
      "Run r1 of count (Ctrl-C leaves it going)",
      "  10 %  3/30  a",
      "  60 %  19/30",
      "Run r1 has completed after 1m 5s, with 30 steps recorded",
    ]);
    expect(asked[0]).toBe('POST {"workflow":"count","input":7,"id":"r1"}');
  });

  it("is JSON alone on stdout for a program", async () => {
    const { type, out, err } = setup([at(15), completed]);
    expect(await type(true)).toBe(0);
    expect(JSON.parse(out.join("\n"))).toEqual({ ...view, ...completed });
    expect(err[1]).toBe("  50 %  15/30");
  });

  it("ends with 1 where it was cancelled", async () => {
    const { type, out } = setup([{ status: "cancelled", endedAtMs: 3_000 }]);
    expect(await type(false)).toBe(1);
    expect(out[1]).toBe("Run r1 was cancelled after 2s, with 1 step recorded");
  });
});

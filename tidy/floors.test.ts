import { describe, expect, it } from "vitest";

import { publicEntries } from "./api-report.ts";
import { faces, opens, roomOf, rooms } from "./floors.ts";
import { importsOf, productSources } from "./sources.ts";

const sources = productSources();

/** What the packages of the workspace let in, as the file that answers to the name. */
const packageFile = (specifier: string): string | undefined =>
  publicEntries().find((entry) => entry.specifier === specifier)?.file;

const edges = sources.flatMap((source) =>
  importsOf(source).flatMap(({ specifier, target }) => {
    const file = target ?? packageFile(specifier);
    return file ? [{ from: source.path, to: file }] : [];
  }),
);

describe("the floors", () => {
  it("give every source file a room", () => {
    const homeless = sources.filter(({ path }) => !faces.includes(path) && !roomOf(path));
    expect(homeless.map(({ path }) => path)).toEqual([]);
  });

  it("let nobody import upwards, or a room that is not theirs to use", () => {
    const wrong = edges.filter(({ from, to }) => {
      const room = roomOf(from);
      if (!room || roomOf(to) === room) return false;
      return !rooms[room]?.may.some((permission) => opens(permission, to));
    });
    expect(wrong).toEqual([]);
  });

  it("let nobody reach past another room's door", () => {
    const reaching = edges.filter(
      ({ from, to }) => roomOf(from) !== roomOf(to) && !to.endsWith("/index.ts"),
    );
    expect(reaching).toEqual([]);
  });

  it("let nobody inside a room use its own front door", () => {
    const inside = edges.filter(({ from, to }) => {
      const room = roomOf(from);
      return room && to === `${rooms[room]?.folder}/index.ts`;
    });
    expect(inside).toEqual([]);
  });

  it("keep @kintsugi/policy free of dependencies and of Node", () => {
    const foreign = sources
      .filter(({ path }) => path.startsWith("packages/policy/"))
      .flatMap((source) => importsOf(source).filter(({ target }) => target === undefined))
      .map(({ from, specifier }) => `${from.path}: ${specifier}`);
    expect(foreign).toEqual([]);
  });

  it("leave the machine to the host", () => {
    const machine =
      /^(node:)?(child_process|net|http|https|dgram|worker_threads|inspector|fs|fs\/promises|os|cluster|timers|timers\/promises|perf_hooks|process)$/;
    const strangers = sources.flatMap((source) =>
      importsOf(source)
        .filter(({ specifier }) => machine.test(specifier))
        .filter(() => !["host", "testing"].includes(roomOf(source.path) ?? ""))
        .map(({ specifier }) => `${source.path}: ${specifier}`),
    );
    expect(strangers).toEqual([]);
  });

  it("open node:sqlite in the store and in the host's lock alone", () => {
    const users = sources.filter((source) =>
      importsOf(source).some(({ specifier }) => specifier === "node:sqlite"),
    );
    const places = users.map(({ path }) => path.replace(/^packages\/kintsugi\/src\//, ""));
    expect(places.filter((place) => !/^store\/|^host\/owner-lock\.ts$/.test(place))).toEqual([]);
  });

  it("have no circle of files", () => {
    expect(circles(edges)).toEqual([]);
  });

  it("find a circle where there is one", () => {
    const loop = [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "c", to: "b" },
    ];
    expect(circles(loop)).toEqual([["b", "c"]]);
  });
});

/** Strongly connected groups of more than one file. Tarjan, 1972. */
function circles(arrows: readonly { from: string; to: string }[]): readonly (readonly string[])[] {
  const next = Map.groupBy(arrows, ({ from }) => from);
  const order = new Map<string, { index: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): { index: number; low: number; open: boolean } => {
    const mark = { index: order.size, low: order.size, open: true };
    order.set(file, mark);
    stack.push(file);
    for (const { to } of next.get(file) ?? []) {
      const seen = order.get(to);
      if (!seen) mark.low = Math.min(mark.low, visit(to).low);
      else if (seen.open) mark.low = Math.min(mark.low, seen.index);
    }
    if (mark.low !== mark.index) return mark;
    const group = stack.splice(stack.indexOf(file));
    for (const member of group) (order.get(member) ?? mark).open = false;
    if (group.length > 1) found.push(group.toSorted());
    return mark;
  };
  for (const file of next.keys()) if (!order.has(file)) visit(file);
  return found;
}

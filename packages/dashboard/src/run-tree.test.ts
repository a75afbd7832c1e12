import { expect, it } from "vitest";

import { fewerDead, runTree } from "./run-tree.ts";

const run = (id: string, parentId: string | null = null) => ({ id, parentId });
const drawn = (...runs: ReturnType<typeof run>[]): readonly string[] =>
  runTree(runs).map(({ run: { id }, depth }) => `${">".repeat(depth)}${id}`);

it("puts children under their parent, wherever they came in the list", () => {
  expect(drawn(run("a/1", "a"), run("b"), run("a"), run("a/1/1", "a/1"))).toEqual([
    "b",
    "a",
    ">a/1",
    ">>a/1/1",
  ]);
});

it("lets a child whose parent is not shown stand for itself", () => {
  expect(drawn(run("a/1", "a"))).toEqual(["a/1"]);
});

it("shows runs that name each other as parents once each", () => {
  expect(drawn(run("a", "b"), run("b", "a"))).toEqual(["a", ">b"]);
});

it("leaves room for runs that run, however many are dead", () => {
  const named = (status: string) => (_: unknown, place: number) => ({
    ...run(`${status} ${place}`),
    status,
  });
  const runs = [
    ...Array.from({ length: 20 }, named("dead")),
    ...Array.from({ length: 2 }, named("running")),
    ...Array.from({ length: 9 }, named("completed")),
  ];
  const shown = fewerDead(runs, 12);
  expect(shown.map(({ id }) => id).slice(0, 6)).toEqual([
    "dead 0",
    "dead 1",
    "dead 2",
    "dead 3",
    "running 0",
    "running 1",
  ]);
  expect(fewerDead(runs.slice(0, 22), 12).filter(({ status }) => status === "dead")).toHaveLength(
    10,
  );
  expect(fewerDead(runs.slice(15), 40)).toEqual(runs.slice(15));
});

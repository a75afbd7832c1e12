import { expect, it } from "vitest";

import { runTree } from "./run-tree.ts";

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

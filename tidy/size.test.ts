import { describe, expect, it } from "vitest";

import { allSources, lineOf, type Node, walk } from "./sources.ts";

const FILE_LINES = 400;
const FUNCTION_LINES = 60;

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** A `describe` is a chapter, not a function. */
const isChapter = (parents: readonly Node[]): boolean => {
  const call = parents.at(-1);
  if (call?.type !== "CallExpression") return false;
  let callee = call["callee"] as Node;
  while (callee.type === "MemberExpression" || callee.type === "CallExpression") {
    callee = (callee["object"] ?? callee["callee"]) as Node;
  }
  return callee["name"] === "describe";
};

describe("what has to fit in a head", () => {
  const sources = allSources();

  it(`keeps every file under ${FILE_LINES} lines`, () => {
    const long = sources.filter(({ lines }) => lines > FILE_LINES);
    expect(long.map(({ path, lines }) => `${path}: ${lines} lines`)).toEqual([]);
  });

  it(`keeps every function under ${FUNCTION_LINES} lines`, () => {
    const long: string[] = [];
    for (const source of sources) {
      if (/-conformance\.ts$/.test(source.path)) continue; // Suites: their functions are chapters.
      walk(source.program, (node, parents) => {
        if (!functions.has(node.type) || isChapter(parents)) return;
        const lines = source.text.slice(node.start, node.end).split("\n").length;
        if (lines > FUNCTION_LINES)
          long.push(`${source.path}:${lineOf(source, node)}: ${lines} lines`);
      });
    }
    expect(long).toEqual([]);
  });
});

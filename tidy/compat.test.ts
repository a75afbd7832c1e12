import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import type { Result } from "../compat/result.ts";
import { root } from "./sources.ts";

const results = globSync("compat/results/*.json", { cwd: root }).map(
  (path): Result => JSON.parse(readFileSync(join(root, path), "utf8")),
);

describe.each(results)("what was found with the tests of $peer", (result) => {
  it("is as much as it has to be", () => {
    expect(result.behaviour.passed).toBeGreaterThanOrEqual(result.behaviour.needed);
  });

  it("is what its migration page says", () => {
    const page = join(root, `docs/migration-${result.peer}.md`);
    const text = existsSync(page) ? readFileSync(page, "utf8") : "";
    const said = [...text.matchAll(/(\d+) of (\d+) cases pass/g)].map(([, ...two]) =>
      two.map(Number),
    );
    const { behaviour, apart } = result;
    const found = [behaviour.passed + apart.passed, behaviour.of + apart.of];
    expect(said.filter((two) => two.join() !== found.join())).toEqual([]);
  });

  it("stands in its migration page where a case of a user's program fails", () => {
    const page = join(root, `docs/migration-${result.peer}.md`);
    const text = existsSync(page) ? readFileSync(page, "utf8") : undefined;
    const apart = new Set(result.files.filter((file) => file.apart).map(({ file }) => file));
    const failed = result.failures.filter(({ file }) => !apart.has(file));
    const names = failed.map(({ file }) => file.split("/").at(-1) ?? "");
    expect(names.filter((name) => text && !text.includes(name))).toEqual([]);
  });
});

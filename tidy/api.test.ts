import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

import { apiReports } from "./api-report.ts";
import { root } from "./sources.ts";

it("the committed API reports say what the code exports (npm run api renews them)", () => {
  const folder = join(root, "api");
  const reports = apiReports();
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  expect(names).toEqual([...reports.keys()].toSorted());
  for (const [name, text] of reports) {
    expect(readFileSync(join(folder, name), "utf8"), `api/${name}`).toBe(text);
  }
});

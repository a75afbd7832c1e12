/** Adds up the results of the suites: `count.ts <0 or 1: something else failed> <json> ...`. */

import { existsSync, readFileSync } from "node:fs";

const [other = "0", ...files] = process.argv.slice(2);
let passed = 0;
let failed = Number(other);
for (const file of files) {
  if (!existsSync(file)) {
    console.log(`There is no result of ${file}`);
    failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(file, "utf8")) as Record<string, number | boolean>;
  passed += Number(results["numPassedTests"]);
  failed += Number(results["numFailedTests"]);
  const skipped = Number(results["numPendingTests"]) + Number(results["numTodoTests"]);
  if (skipped > 0) console.log(`${file}: ${skipped} skipped, as this machine cannot show them`);
  if (results["success"] !== true && Number(results["numFailedTests"]) === 0) failed += 1;
}
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/**
 * Adds up the results of the suites: `count.ts <0 or 1: something else failed> <json> ...`. What failed is
 * said again here: often only the end of a long output is kept.
 */

import { existsSync, readFileSync } from "node:fs";

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Tests that may be skipped, by the end of their names; any other one is a failure. */
const mayBeSkipped: readonly string[] = [
  "is refused when it is read-only", // As root every folder can be written: the mounts show it there.
  "is refused when it belongs to somebody else", // Only root can give a folder away.
];

const [other = "0", ...files] = process.argv.slice(2);
let passed = 0;
let failed = Number(other);
for (const file of files) {
  if (!existsSync(file)) {
    console.log(`There is no result in ${file}`);
    failed += 1;
    continue;
  }
  const results = JSON.parse(readFileSync(file, "utf8")) as Results;
  sayAgain(results);
  const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults);
  const left = tests.filter(({ status }) => status !== "passed" && status !== "failed");
  const missing = left.filter(
    ({ fullName }) => !mayBeSkipped.some((end) => fullName.endsWith(end)),
  );
  for (const { fullName } of left) console.log(`Not run: ${fullName}`);
  passed += results.numPassedTests;
  failed += results.numFailedTests + missing.length;
  if (!results.success && results.numFailedTests === 0) failed += 1; // A file that could not be loaded.
}
if (passed === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function sayAgain({ testResults }: Results): void {
  for (const { name, status, message, assertionResults } of testResults) {
    const failures = assertionResults.filter((test) => test.status === "failed");
    for (const { fullName, failureMessages = [] } of failures) {
      console.log(`\nFailed: ${fullName}\n  in ${name}\n${failureMessages.join("\n")}`);
    }
    if (status === "failed" && failures.length === 0) console.log(`\nFailed: ${name}\n${message}`);
  }
}

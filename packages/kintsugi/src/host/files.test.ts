import { describe, expect, it } from "vitest";

import { causeOf } from "./files.ts";

const uncaught = `model is loaded
/app/model.js:3
    weights.map();
            ^

TypeError: weights.map is not a function
    at load (/app/model.js:3:13)
    at node:internal/main/run_main_module:33:47 {
  code: 'ERR_NO_WEIGHTS',
  [cause]: RangeError: too long
      at parse (/app/parse.js:1:1)
}

Node.js v24.21.0
`;

const rejected = `node:internal/process/promises:394
      triggerUncaughtException(err, true /* fromPromise */);
      ^

[UnhandledPromiseRejection: This error originated in a promise, with the reason "no".] {
  code: 'ERR_UNHANDLED_REJECTION'
}

Node.js v24.21.0`;

const thrown = `/app/a.js:1
throw "no luck";
^
no luck
(Use \`node --trace-uncaught ...\` to show where the exception was thrown)

Node.js v24.21.0`;

const asserted = `AssertionError [ERR_ASSERTION]: one is two
    at main (/app/a.js:1:1)`;

const python = `Traceback (most recent call last):
  File "model.py", line 3, in <module>
torch.OutOfMemoryError: the card is full
`;

const heap = `FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb7a3e0 node::Abort() [node]
 2: 0xa8d2b1  [node]
`;

describe("the cause of an end", () => {
  it.each([
    ["the error, and neither its stack nor a version", uncaught, "weights.map is not a function"],
    ["what a promise was rejected with", rejected, 'with the reason "no".]'],
    ["what was thrown and is no error", thrown, "no luck"],
    ["an error with a code in its name", asserted, "AssertionError [ERR_ASSERTION]: one is two"],
    ["the error of a program in Python", python, "torch.OutOfMemoryError: the card is full"],
    ["a heap that is full", heap, "FATAL ERROR: Reached heap limit"],
    [
      "the last line of who says it himself",
      "Error: once\n\nThe port is taken\n\n",
      "The port is taken",
    ],
    ["the last line where all is a stack", "    at a (b:1:1)\n", "at a (b:1:1)"],
  ])("is %s", (_, tail, cause) => {
    expect(causeOf(tail)).toContain(cause);
  });

  it("is a line at most, and none where nothing was said", () => {
    expect(causeOf(uncaught)).toBe("TypeError: weights.map is not a function");
    expect(causeOf(" \n\n")).toBe("");
  });
});

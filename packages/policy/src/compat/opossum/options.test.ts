import { expect, it } from "vitest";

import { CircuitBreaker, type Options } from "./index.ts";

const action = async (): Promise<string> => "up";
const made = (options: unknown) => (): unknown => new CircuitBreaker(action, options as Options);

it.each([
  [{ resetTimeout: "x" }, 'resetTimeout must be a number, got "x"'],
  [{ resetTimeout: Number.NaN }, "resetTimeout must be a number, got NaN"],
  [null, "The options of CircuitBreaker must be an object, got null"],
  [5, "The options of CircuitBreaker must be an object, got 5"],
])(
  "a breaker with the options %j is refused by the name that its user wrote",
  (options, sentence) => {
    expect(made(options)).toThrow(new RangeError(sentence));
  },
);

it("takes a number that is text, as the peer's timer does", () => {
  expect(made({ resetTimeout: "500" })).not.toThrow();
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AdaptiveLimiter,
  Bulkhead,
  CircuitBreaker,
  CircuitBreakerFactory,
  callRegistry,
  FallbackPolicy,
  idleTimeout,
  Pipeline,
  pipeline,
  RateLimiter,
  ResilientExecutor,
  ResilientExecutorFactory,
  RetryPolicy,
  resilientFetch,
  TimeoutPolicy,
  updateResilienceConfig,
  ValidatePolicy,
} from "@kintsugi/policy";
import { shown } from "@kintsugi/policy/base";
import { watchRoutes as fastifyRoutes } from "@kintsugi/policy/fastify";
import { RouteWatch } from "@kintsugi/policy/routes";
import { describe, expect, it } from "vitest";

import { type OptionTaker, optionTakers, type Written } from "./option-takers.ts";
import { type PolicyOption, policyOptions } from "./policy-options.ts";
import { productSources } from "./sources.ts";

const retry = new RetryPolicy();
const anything = (value: unknown): Written => value;

/** Sentences that a person reads: what is written, and what is said of it. */
const SENTENCES: readonly (readonly [written: string, make: () => unknown, sentence: string])[] = [
  [
    "a slip of the fingers",
    () => new RetryPolicy(anything({ maxAttempt: 5 })),
    'RetryPolicy has no option "maxAttempt"; the nearest is "maxAttempts"',
  ],
  [
    "the name of a method of all objects",
    () => new RetryPolicy(anything({ toString: 5 })),
    'RetryPolicy has no option "toString"; the nearest is "budget"',
  ],
  [
    "another's name for an option",
    () => new CircuitBreaker(anything({ name: "db", timeoutMs: 5 })),
    'CircuitBreaker has no option "timeoutMs"; the nearest is "timeout"',
  ],
  [
    "no options for one that needs some",
    () => new (anything(CircuitBreaker))(),
    "The options of CircuitBreaker must be an object, got undefined",
  ],
  [
    "no options for a timeout",
    () => new (anything(TimeoutPolicy))(),
    "The options of TimeoutPolicy must be an object, got undefined",
  ],
  [
    "a number for a timeout",
    () => new TimeoutPolicy(anything(5_000)),
    "The options of TimeoutPolicy must be an object, got 5000",
  ],
  [
    "custom() without options",
    () => anything(ResilientExecutorFactory).custom(),
    "The options of ResilientExecutor must be an object, got undefined",
  ],
  [
    "an empty name",
    () => new Bulkhead({ name: "" }),
    'name must be a text that is not empty, got ""',
  ],
  [
    "no name",
    () => new RateLimiter(anything({})),
    "name must be a text that is not empty, got undefined",
  ],
  [
    "forAPI() without a name",
    () => anything(ResilientExecutorFactory).forAPI(),
    "name must be a text that is not empty, got undefined",
  ],
  [
    "a fallback that is an answer",
    () => ResilientExecutorFactory.forAPI("weather", anything(0)),
    "fallback must be a function or a list of at least one source, got 0",
  ],
  [
    "configure() for no name",
    () => callRegistry.configure("", {}),
    'name must be a text that is not empty, got ""',
  ],
  [
    "a listener that is none",
    () => callRegistry.onCall(anything("log")),
    'A listener must be a function, got "log"',
  ],
  [
    "a clock that is none",
    () => callRegistry.use({ clock: anything(Date) }),
    "clock must be an object with epochMs(), monotonicMs(), after(), immediate(), got a function",
  ],
  [
    "a preset that is a symbol",
    () => callRegistry.applyPreset(anything(Symbol("fast"))),
    'A preset must be "production", "development", "cost-sensitive" or "high-throughput", got Symbol(fast)',
  ],
  [
    "an update that is a symbol",
    () => updateResilienceConfig(anything(Symbol("fast"))),
    "The update must be an object with options, got Symbol(fast)",
  ],
  [
    "a slip within a policy of an executor",
    () => new ResilientExecutor({ name: "db", retry: anything({ maxAttempt: 5 }) }),
    'retry has no option "maxAttempt"; the nearest is "maxAttempts"',
  ],
  [
    "what the executor brings by itself",
    () => new ResilientExecutor({ name: "db", bulkhead: anything({ name: "db" }) }),
    'bulkhead has no option "name"; the nearest is "maxQueue"',
  ],
  [
    "a wrong kind within a policy of an executor",
    () => new ResilientExecutor({ name: "db", retry: anything({ onRetry: 5 }) }),
    "retry.onRetry must be a function, got 5",
  ],
  [
    "a policy that is switched off by false",
    () => new ResilientExecutor({ name: "db", retry: anything(false) }),
    "retry must be an object, got false",
  ],
  [
    "a source that is a function",
    () => new FallbackPolicy({ sources: [anything(() => "old")] }),
    "sources[0] must be an object, got a function",
  ],
  [
    "sources that are none",
    () => new FallbackPolicy({ sources: anything(5) }),
    "sources must be a list, got 5",
  ],
  [
    "a source that cannot answer",
    () => new FallbackPolicy({ sources: [anything({ name: "cache" })] }),
    "sources[0].answer must be a function, got undefined",
  ],
  [
    "a schema that is none",
    () => new ValidatePolicy({ schema: anything({ parse: () => 5 }) }),
    "schema must be a Standard Schema of version 1, got an object",
  ],
  [
    "a state of a circuit that is none",
    () => new CircuitBreaker({ name: "db", initialState: anything({ kind: "ajar", epoch: 1 }) }),
    "initialState must be what toJSON() of a circuit breaker gave, got an object",
  ],
  [
    "a first limit outside of the others",
    () => new AdaptiveLimiter({ name: "search", maxLimit: 10, initialLimit: 50 }),
    "initialLimit must be a number from 1 to 10, got 50",
  ],
  ["a pipeline of a number", () => pipeline(anything(5)), POLICY(1, "5")],
  ["a pipeline of a list", () => pipeline(anything([retry])), POLICY(1, "an object")],
  ["a pipeline of nothing", () => pipeline(anything(undefined)), POLICY(1, "undefined")],
  ["a pipeline with a gap", () => pipeline(retry, anything(null)), POLICY(2, "null")],
  [
    "a pipeline whose options have a slip",
    () => pipeline(anything({ clasifier: {} }), retry),
    'a pipeline has no option "clasifier"; the nearest is "classifier"',
  ],
  [
    "a Pipeline of one policy",
    () => new Pipeline(anything(retry)),
    "The policies of a pipeline must be a list, got an object",
  ],
  [
    "a stream that is none",
    () => idleTimeout(anything(5), { idleTimeoutMs: 5 }),
    "The source of idleTimeout() must be a ReadableStream or an async iterable, got 5",
  ],
  [
    "a fetch that is none",
    () => resilientFetch(retry, anything(5)),
    "The fetch of resilientFetch() must be a function, got 5",
  ],
  [
    "routes that nobody watches",
    () => fastifyRoutes(anything({})),
    "The watch of watchRoutes() must be an object with enter(), leave(), got an object",
  ],
  [
    "a burst of a wrong kind",
    () => new RouteWatch({ errorBurst: anything({ error: 5 }) }),
    'errorBurst has no option "error"; the nearest is "errors"',
  ],
];

function POLICY(place: number, got: string): string {
  return `Policy ${place} of a pipeline must be an object with execute(), got ${got}`;
}

describe("what cannot be used is refused in one sentence where it is written", () => {
  it.each(SENTENCES)("%s", (_, make, sentence) => {
    expect(make).toThrow(new RangeError(sentence));
  });

  it("also while policies are off", () => {
    callRegistry.update({ enabled: false });
    try {
      const options = { name: "db", retry: { maxAttempts: 0 } };
      expect(() => new ResilientExecutor(options)).toThrow("maxAttempts must be");
    } finally {
      callRegistry.update({ enabled: true });
    }
  });

  it("also for a circuit of a name that is there already", () => {
    CircuitBreakerFactory.getOrCreate({ name: "there already" });
    const again = anything({ name: "there already", failureTreshold: 5 });
    expect(() => CircuitBreakerFactory.getOrCreate(again)).toThrow('nearest is "failureThreshold"');
  });
});

/** One of each kind that an option could be given by mistake. */
const WRITTEN: readonly unknown[] = [
  "x",
  "",
  Number.NaN,
  -1,
  Infinity,
  {},
  [],
  null,
  true,
  () => ({}),
  Symbol("x"),
  Object.create(null),
];

/** What an option may be of those above, besides what its type and range say. */
const FITTING: Readonly<Record<string, (value: unknown) => boolean>> = {
  seed: (value) => typeof value === "string" || Number.isFinite(value),
  key: (value) => typeof value === "string",
  cacheKey: (value) => typeof value === "string",
  sources: () => false, // One at least.
  fallbacks: Array.isArray,
  timeouts: isPlain,
  errorBurst: isPlain,
  cache: isPlain,
  timeout: isPlain,
  retry: isPlain,
  hedge: isPlain,
  circuitBreaker: isPlain,
  rateLimit: isPlain,
  adaptiveLimit: isPlain,
  bulkhead: isPlain,
  chaos: isPlain,
  fallback: (value) => typeof value === "function",
};

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether what is documented says that the option may be this. */
function isDocumented({ name, type, range, isNumber }: PolicyOption, value: unknown): boolean {
  if (isNumber) return typeof value === "number" && value > 0 && isWithoutEnd(range);
  if (/=>|^(Listener|ErrorReporter|FallbackAnswer)\b|Function$/.test(type))
    return typeof value === "function";
  if (type === "boolean") return typeof value === "boolean";
  if (type === "string" && name !== "key" && name !== "cacheKey") {
    return typeof value === "string" && value !== "";
  }
  return FITTING[name]?.(value) ?? false;
}

/** Of what is written above, Infinity alone is a number that any range could hold. */
const isWithoutEnd = (range: string): boolean => !/whole|to\b/.test(range);

const thrownBy = (make: () => unknown): unknown => {
  try {
    make();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe.each(optionTakers.map((each) => [each.name, each] as const))("%s", (name, taken) => {
  const { options, least, make, takesNone, path }: OptionTaker = taken;

  it("takes the least that it needs", () => {
    make({ ...least });
  });

  it.each(options.map((option) => [option.name, option] as const))(
    "refuses %s of a wrong kind",
    (key, option) => {
      for (const value of WRITTEN) {
        const error = thrownBy(() => make({ ...least, [key]: value }));
        if (isDocumented(option, value)) {
          // It may still mean nothing beside the others, or those that it is made of be missing.
          if (error) expect(error).toMatchObject({ name: "RangeError", message: /./ });
          continue;
        }
        expect(error, `${key}: ${shown(value)}`).toBeInstanceOf(RangeError);
        const { message } = error as RangeError;
        expect(message).toMatch(
          new RegExp(`^${escaped(path)}${key}(\\.\\w+|\\[\\d\\])* must (be|name) .+, got `),
        );
        const inner = /^\w+[.[]|must name/.test(message.slice(path.length));
        if (!inner) expect(message.endsWith(`, got ${shown(value)}`), message).toBe(true);
      }
    },
  );

  it.each(options.map(({ name: key }) => key))("knows what was meant by %s with a slip", (key) => {
    const middle = Math.ceil(key.length / 2);
    const slip = key.slice(0, middle) + key.charAt(middle - 1) + key.slice(middle);
    expect(thrownBy(() => make({ ...least, [slip]: 1 }))).toEqual(
      new RangeError(`${name} has no option "${slip}"; the nearest is "${key}"`),
    );
  });

  it.each(options.filter(({ name: key }) => key in least).map(({ name: key }) => key))(
    "cannot do without %s",
    (key) => {
      const { [key]: _, ...rest } = least;
      expect(thrownBy(() => make(rest))).toMatchObject({
        name: "RangeError",
        message: expect.stringMatching(
          new RegExp(`^${escaped(path)}${key} must be .+, got undefined$`),
        ),
      });
    },
  );

  it("refuses options that are none", () => {
    for (const value of [null, 5, "x", true, [], () => {}, Symbol("x")]) {
      if (name === "a pipeline") continue; // Whatever is no object is taken for a policy.
      const whole = path === "" ? `The options of ${name}` : name;
      const sentence = `${whole} must be an object, got ${shown(value)}`;
      expect(thrownBy(() => make(value))).toEqual(new RangeError(sentence));
    }
    if (takesNone) make(undefined);
    else expect(() => make(undefined)).toThrow(RangeError);
  });
});

describe("the list of what takes options", () => {
  it("has all chapters of the options in docs/policies.md", () => {
    const listed = new Set(optionTakers.flatMap(({ options }) => options.map(textOf)));
    const missing = policyOptions().filter(
      (option) => !ELSEWHERE.test(option.chapter) && !listed.has(textOf(option)),
    );
    expect(missing.map(({ chapter, name }) => `${chapter}: ${name}`)).toEqual([]);
  });

  it("has all interfaces of options that there are", () => {
    const lists = ["policy-options.ts", "option-takers.ts"].map((file) =>
      readFileSync(join(import.meta.dirname, file), "utf8"),
    );
    const missing = productSources()
      .filter(({ path }) => /^packages\/policy\/src\/(?!compat|testing)/.test(path))
      .flatMap(({ text }) => [...text.matchAll(/^export interface (\w+Options)\b/gm)])
      .map(([, found = ""]) => found)
      .filter((found) => !INNER.includes(found))
      .filter((found) => !lists.some((list) => list.includes(` ${found}"`)));
    expect(missing).toEqual([]);
  });
});

const textOf = ({ name, meaning }: PolicyOption): string => `${name}: ${meaning}`;

/** What the house gives itself. */
const INNER: readonly string[] = ["CircuitOptions", "EndingOptions", "WaitingOptions"];

/** Within others, or with sentences of their own. */
const ELSEWHERE = /updateResilienceConfig|claims/;

function escaped(text: string): string {
  return text.replace(/[.[\]]/g, "\\$&");
}

import { describe, expect, expectTypeOf, it } from "vitest";

import { createClassifier } from "../classify/index.ts";
import type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";
import { type ValidateOptions, ValidatePolicy } from "./validate-policy.ts";
import type { ValidationFailedError } from "./validation-error.ts";

interface City {
  readonly name: string;
  readonly size: number;
}

const schemaOf = <Output>(
  validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>,
): StandardSchema<unknown, Output> => ({
  "~standard": { version: 1, vendor: "test", validate },
});

const city = schemaOf<City>((value) => {
  const { name, size = 0 } = Object(value) as Partial<City>;
  if (typeof name === "string") return { value: { name, size } };
  return { issues: [{ message: "must be text", path: [{ key: "city" }, "name"] }] };
});

function setup(options: Partial<ValidateOptions<typeof city>> = {}) {
  const policy = new ValidatePolicy({ schema: city, ...options });
  const failure = (call: () => unknown) =>
    policy.execute(call).then(
      () => expect.fail("it fits"),
      (thrown: ValidationFailedError) => thrown,
    );
  return { policy, failure };
}

describe("an answer that fits", () => {
  it("is what the schema makes of it", async () => {
    const { policy } = setup();
    const answer = policy.execute(async () => ({ name: "Oslo", mayor: "?" }));
    expectTypeOf(answer).resolves.toEqualTypeOf<City>();
    await expect(answer).resolves.toEqual({ name: "Oslo", size: 0 });
    expect(policy.stats()).toEqual({ valid: 1, invalid: 0 });
  });

  it("may be read from JSON first, and is left alone where it is no text", async () => {
    const { policy } = setup({ json: true });
    await expect(policy.execute(() => '{"name":"Oslo"}')).resolves.toMatchObject({ name: "Oslo" });
    await expect(policy.execute(() => ({ name: "Rome" }))).resolves.toMatchObject({ name: "Rome" });
  });

  it("may be checked by a schema that takes its time, and which the caller may leave", async () => {
    const slow = Promise.withResolvers<SchemaResult<City>>();
    const policy = new ValidatePolicy({ schema: schemaOf(() => slow.promise) });
    const controller = new AbortController();
    const left = policy.execute(() => 1, controller.signal);
    const stays = policy.execute(() => 1);
    const failure = expect(left).rejects.toBe("left");
    await Promise.resolve();
    controller.abort("left");
    await failure;
    slow.resolve({ value: { name: "late", size: 1 } });
    await expect(stays).resolves.toEqual({ name: "late", size: 1 });
  });
});

describe("an answer that does not fit", () => {
  it("is an error that says where and what, and is not tried again", async () => {
    const { policy, failure } = setup();
    const thrown = await failure(() => ({ name: 7 }));
    expect(thrown).toMatchObject({
      name: "ValidationFailedError",
      code: "KINTSUGI_VALIDATION_FAILED",
      message: "The answer does not fit at city.name: must be text",
      issues: [{ path: "city.name", message: "must be text" }],
      received: '{"name":7}',
    });
    expect(createClassifier().classify(thrown)).toMatchObject({
      class: "schema-validation",
      retryable: false,
    });
    expect(policy.stats()).toEqual({ valid: 0, invalid: 1 });
  });

  it("is tried again where the next may be better", async () => {
    const thrown = await setup({ onInvalid: "retryable" }).failure(() => ({}));
    expect(createClassifier().classify(thrown)).toMatchObject({
      class: "schema-validation",
      retryable: true,
    });
  });

  it("has a class of its own where it is no JSON: it was cut or garbled", async () => {
    const thrown = await setup({ json: true }).failure(() => '{"name":"Os');
    expect(thrown).toMatchObject({
      code: "KINTSUGI_INVALID_JSON",
      issues: [{ path: "", message: expect.stringContaining("JSON") }],
      received: '"{\\"name\\":\\"Os"',
    });
    expect(thrown.message).toBe(`The answer does not fit: ${thrown.issues[0]?.message}`);
    expect(createClassifier().classify(thrown)).toMatchObject({
      class: "invalid-json",
      retryable: true,
    });
  });

  it("counts text that is no JSON as well", async () => {
    const { policy, failure } = setup({ json: true });
    await failure(() => "{");
    expect(policy.stats()).toEqual({ valid: 0, invalid: 1 });
  });

  it("says how much more is wrong, and what it is without a place or a reason", async () => {
    const messageOf = async (issues: SchemaIssue[]) => {
      const policy = new ValidatePolicy({ schema: schemaOf<never>(() => ({ issues })) });
      return policy.execute(() => 1).catch((error: Error) => error.message);
    };
    const [one, other] = [{ message: "too short", path: ["name"] }, { message: "too late" }];
    expect(await messageOf([one, other, other])).toBe(
      "The answer does not fit at name: too short (and 2 more)",
    );
    expect(await messageOf([other])).toBe("The answer does not fit: too late");
    expect(await messageOf([])).toBe("The answer does not fit: no reason was given");
  });

  it("shows what came as JSON, as far as it is kept", async () => {
    const schema = schemaOf<never>(() => ({ issues: [] }));
    const receivedOf = (answer: unknown) =>
      new ValidatePolicy({ schema })
        .execute(() => answer)
        .catch((error: ValidationFailedError) => error.received);
    expect(await receivedOf('a "b"')).toBe('"a \\"b\\""');
    expect(await receivedOf([1, "two", { three: null }])).toBe('[1,"two",{"three":null}]');
    expect(await receivedOf(undefined)).toBe("undefined");
    expect(await receivedOf(7n)).toBe("(bigint)");
    const touched: number[] = [];
    const touchy = (index: number) => ({
      toJSON() {
        touched.push(index);
        return index;
      },
    });
    const long = await receivedOf(Array.from({ length: 500 }, (_, index) => touchy(index)));
    expect(long).toHaveLength(200);
    expect(long?.at(-1)).toBe("…");
    expect(touched).toHaveLength(200);
    expect(await receivedOf({ text: "x".repeat(189) })).toBe(`{"text":"${"x".repeat(189)}"}`);
    touched.length = 0;
    await receivedOf([...Array<number>(198).fill(0), [touchy(1)], [touchy(2)]]);
    expect(touched).toEqual([1]); // The 200th part is the last that is looked into.
  });

  it("keeps only the beginning of what came, and of what is wrong", async () => {
    const issue = { message: "x".repeat(500), path: Array<string>(100).fill("key") };
    const schema = schemaOf<never>(() => ({ issues: Array(50).fill(issue) }));
    const policy = new ValidatePolicy({ schema });
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const answers = [
      "y".repeat(9_999),
      Array(9_999).fill("z"),
      { ["k".repeat(9_999)]: 1 },
      circle,
      7n,
    ];
    for (const answer of [...answers, undefined]) {
      const thrown = await policy.execute(() => answer).catch((error) => error);
      expect(thrown.issues).toHaveLength(20);
      expect(thrown.issues[0].path).toBe(Array<string>(20).fill("key").join("."));
      expect(thrown.issues[0].message).toHaveLength(200);
      expect(thrown.received.length).toBeLessThanOrEqual(200);
      expect(thrown.message.length).toBeLessThan(500);
    }
  });
});

describe("a call that throws", () => {
  it("throws as it did", async () => {
    const lost = new Error("down");
    const { policy } = setup();
    await expect(policy.execute(() => Promise.reject(lost))).rejects.toBe(lost);
    expect(policy.stats()).toEqual({ valid: 0, invalid: 0 });
  });
});

it("a policy is refused without a Standard Schema, or with a reaction that there is not", () => {
  const bad = [
    {},
    undefined,
    null,
    { "~standard": { version: 2, validate: () => ({ value: 1 }) } },
    { "~standard": { version: 1 } },
  ];
  for (const schema of bad) {
    expect(() => new ValidatePolicy({ schema: schema as never })).toThrow(/^schema must be/);
  }
  expect(() => setup({ onInvalid: "ignore" as never })).toThrow(/^onInvalid must be/);
});

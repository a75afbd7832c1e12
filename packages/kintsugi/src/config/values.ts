/**
 * The kinds of values that the configuration is made of. Every refusal of the schema carries one
 * message: what was expected there. Who prints it adds the place and what was found instead.
 */

import { durationMs, sizeBytes } from "@kintsugi/policy/base";
import { z } from "zod";

/** No text of a configuration is longer: names, paths and arguments are not. */
const LONGEST_TEXT = 4_096;

/** More entries than this, of a list or a map, are an accident. */
export const MOST_ENTRIES = 1_000;

/** Ten years: more than any wait, and exact in milliseconds. */
const LONGEST_SPAN_MS = 10 * 365 * 86_400_000;

/** Names stand in file names, addresses and log lines. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;

export function text(error: string): z.ZodString {
  return z
    .string({ error })
    .min(1, { error })
    .max(LONGEST_TEXT, { error })
    .refine(withoutNull, { error });
}

/** Text that is shown on screens: one line that steers no terminal. */
export function label(error: string): z.ZodString {
  return text(error)
    .max(100, { error })
    .regex(/^\P{C}+$/u, { error });
}

/** A list of bounded length. */
export function list<Item extends z.core.SomeType>(error: string, item: Item): z.ZodArray<Item> {
  return z.array(item, { error }).max(MOST_ENTRIES, { error: `${error}, at most ${MOST_ENTRIES}` });
}

/** A key under which a part is known: letters, digits, dots, dashes and underscores. */
const partName: z.ZodString = z
  .string()
  .regex(NAME, "a letter, then at most 62 letters, digits, dots, dashes or underscores");

/** What a program takes as text, and people write as they like. */
export const looseText: z.ZodType<string, string | number | boolean> = z
  .union(
    [
      text(`text of at most ${LONGEST_TEXT} characters, none of them null`),
      z.literal(""),
      z.number(),
      z.boolean(),
    ],
    {
      error: "text, a number, true or false",
    },
  )
  .transform(String);

export function whole(min: number, max: number): z.ZodInt {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A share: more than nothing, and at most all. */
export function share(): z.ZodNumber {
  const error = "a number above 0 and at most 1";
  return z.number({ error }).gt(0, { error }).max(1, { error });
}

export const flag: z.ZodBoolean = z.boolean({ error: "true or false" });

export function oneOf<const Values extends readonly [string, ...string[]]>(
  ...values: Values
): z.ZodType<Values[number], Values[number]> {
  return z.enum(values, { error: alternatives(values) });
}

/** A span in milliseconds, rounded to whole ones. */
export function span(minMs: number): z.ZodType<number, number | string> {
  const least = minMs > 0 ? ` of at least ${minMs} ms,` : "";
  const error = `a span${least} such as "500ms", "30s" or "10m"`;
  return measured(durationMs, minMs, LONGEST_SPAN_MS, error);
}

/** A size in bytes; nothing that can be limited is smaller than one. */
export function size(): z.ZodType<number, number | string> {
  return measured(sizeBytes, 1, Number.MAX_SAFE_INTEGER, 'a size such as "512KB" or "150MB"');
}

/** A map whose keys are known: others are refused, and the message of that names the known ones. */
export function keys<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const names = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) => (code === "unrecognized_keys" ? names : `a map with the keys ${names}`),
  });
}

/** A map by names that the user chooses. */
export function byName<Value extends z.core.SomeType>(
  value: Value,
): z.ZodRecord<z.ZodString, Value> {
  const error = `a map by name, of at most ${MOST_ENTRIES}`;
  return z
    .record(partName, value, { error })
    .refine((entries) => Object.keys(entries).length <= MOST_ENTRIES, { error });
}

/** A list as people say it: `"a", "b" or "c"`. */
export function alternatives(values: readonly unknown[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  const last = quoted.pop() ?? "";
  return quoted.length > 0 ? `${quoted.join(", ")} or ${last}` : last;
}

/** Fields that always hold something, and those that may be absent, but are never undefined. */
type Present<Fields> = {
  [Key in keyof Fields as undefined extends Fields[Key] ? never : Key]: Fields[Key];
} & {
  [Key in keyof Fields as undefined extends Fields[Key] ? Key : never]?: Exclude<
    Fields[Key],
    undefined
  >;
};

/** The same without the keys that hold nothing, as the options of the code expect it. */
export function present<Fields extends object>(fields: Fields): Present<Fields> {
  const held = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(held) as Present<Fields>;
}

/** What is handed to the machine ends at the first null character, and would be cut there. */
function withoutNull(value: string): boolean {
  return !value.includes("\0");
}

function measured(
  measure: (value: number | string) => number,
  min: number,
  max: number,
  error: string,
): z.ZodType<number, number | string> {
  return z
    .union([z.number({ error }), z.string().max(64, { error })], { error })
    .transform((value, ctx) => {
      const amount = Math.round(attempt(measure, value));
      if (amount >= min && amount <= max) return amount;
      ctx.addIssue({ code: "custom", message: error });
      return z.NEVER;
    });
}

function attempt(measure: (value: number | string) => number, value: number | string): number {
  try {
    return measure(value);
  } catch {
    return Number.NaN; // No span or size at all: the schema says so in its own words.
  }
}

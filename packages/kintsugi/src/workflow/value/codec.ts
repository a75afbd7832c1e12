/**
 * Values as text and back. JSON is written as JSON; what JSON cannot carry is an object with the key
 * `$`, which names one of a closed set of kinds. Reading builds those kinds and no others: no name in
 * a record ever chooses a class.
 */

import { CorruptRecordError, UnrecordableError, ValueTooLargeError } from "../errors.ts";
import { RecordedError } from "./recorded-error.ts";
import { isUnreadable, throwUnreadable } from "./unreadable.ts";

/** Deeper values are refused: they would end in an overflow of the stack at some later reader. */
const MAX_DEPTH = 500;

/** A level of a map is four of its text: an object, its list of pairs, a pair, and the value. */
const MAX_READ_DEPTH = 4 * MAX_DEPTH;

/** The store takes texts of 16 Mi characters; what marks and checks a record needs some of them. */
const MAX_VALUE_LENGTH = 16 * 2 ** 20 - 1_024;

/** Numbers that take the parser longer than all else in a record. */
const MAX_DIGITS = 100_000;

/** Causes of causes that are kept. */
const MAX_CAUSES = 8;

/**
 * The text of a value. `name` is what the value is called in errors, `of` what it belongs to.
 *
 * @throws {@link UnrecordableError} for functions, symbols, class instances and circles.
 * @throws {@link ValueTooLargeError} when the text is longer than a record may be.
 */
export function encode(value: unknown, name = "value", of = ""): string {
  const plain = isPlain(value) ? value : new Writer(name, of).write(value);
  const text = stringify(plain);
  const length = text?.length ?? Infinity;
  if (text !== undefined && length <= MAX_VALUE_LENGTH) return text;
  throw new ValueTooLargeError(of === "" ? name : `${name} of ${of}`, length, MAX_VALUE_LENGTH);
}

/**
 * @throws {@link CorruptRecordError} when `text` is not what {@link encode} wrote, and whatever was
 * noted of a record that could not be opened.
 */
export function decode(text: string): unknown {
  if (isUnreadable(text)) throwUnreadable(text);
  try {
    const parsed: unknown = JSON.parse(text);
    return text.includes('"$"') ? read(parsed, 0) : parsed;
  } catch (error) {
    if (error instanceof CorruptRecordError) throw error;
    // The parser quotes what it read, which may be a secret.
    throw new CorruptRecordError("A recorded value cannot be read: it is no text of a value");
  }
}

const isPlain = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "boolean";

/** Undefined where the text would be longer than any text can be, which is half a gigabyte. */
function stringify(plain: unknown): string | undefined {
  try {
    return JSON.stringify(plain);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

// --- writing -----------------------------------------------------------------------------------

type Tagged = { readonly $: string; readonly v?: unknown };

class Writer {
  readonly #name: string;
  readonly #of: string;
  /** The way down to the value in hand; texts are made of it only when something is refused. */
  readonly #keys: (string | number)[] = [];
  readonly #above: object[] = [];

  constructor(name: string, of: string) {
    this.#name = name;
    this.#of = of;
  }

  /** Returns the value itself where JSON can carry it as it is: most need no copy. */
  write(value: unknown): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return this.#number(value);
      case "undefined":
        return { $: "undefined" };
      case "bigint":
        return this.#bigint(value);
      case "function":
        return this.#refuse("a function");
      case "symbol":
        return this.#refuse("a symbol");
      case "object":
        return value === null ? null : this.#inside(value);
    }
  }

  #number(value: number): unknown {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { $: "number", v: Object.is(value, -0) ? "-0" : String(value) };
  }

  #bigint(value: bigint): Tagged {
    const digits = String(value);
    if (digits.length > MAX_DIGITS) return this.#refuse(`a bigint of ${digits.length} digits`);
    return { $: "bigint", v: digits };
  }

  #inside(value: object): unknown {
    if (this.#above.includes(value)) return this.#refuse("part of a circle");
    if (this.#above.length >= MAX_DEPTH) return this.#refuse(`nested deeper than ${MAX_DEPTH}`);
    this.#above.push(value);
    const written = this.#object(value);
    this.#above.pop();
    return written;
  }

  #object(value: object): unknown {
    if (Array.isArray(value)) return this.#array(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#plain(value);
    if (value instanceof Date) return this.#date(value);
    if (value instanceof Error) return this.#error(value);
    if (value instanceof Uint8Array) return { $: "bytes", v: base64(value) };
    if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>);
    if (prototype === Set.prototype)
      return { $: "set", v: this.#array([...(value as Set<unknown>)]) };
    return this.#refuse(`an instance of ${value.constructor?.name || "a class"}`);
  }

  #array(values: readonly unknown[]): unknown[] {
    let copy: unknown[] | undefined;
    for (let index = 0; index < values.length; index += 1) {
      const written = this.#at(index, values[index]);
      if (written !== values[index] && !copy) copy = values.slice(0, index);
      copy?.push(written);
    }
    return copy ?? (values as unknown[]);
  }

  #plain(value: object): unknown {
    if (Object.getOwnPropertySymbols(value).length > 0) return this.#refuse("keyed by a symbol");
    const entries = Object.entries(value);
    let changed = false;
    for (const entry of entries) {
      const written = this.#at(entry[0], entry[1]);
      if (written === entry[1]) continue;
      entry[1] = written;
      changed = true;
    }
    if (Object.hasOwn(value, "$")) return { $: "object", v: entries };
    return changed ? Object.fromEntries(entries) : value;
  }

  #map(map: Map<unknown, unknown>): Tagged {
    return {
      $: "map",
      v: [...map].map(([key, value], at) => [this.#at(at, key), this.#at(at, value)]),
    };
  }

  #date(date: Date): Tagged {
    const epochMs = date.getTime();
    return { $: "date", v: Number.isNaN(epochMs) ? null : epochMs };
  }

  /** An error keeps what tells people and programs what happened; its class and its other fields stay. */
  #error(error: Error, causes = 0): Tagged {
    const { cause } = error;
    const code = (error as { code?: unknown }).code;
    const step = error instanceof RecordedError ? error.step : undefined;
    return {
      $: "error",
      v: {
        name: String(error.name),
        message: String(error.message),
        ...((typeof code === "string" || typeof code === "number") && { code }),
        ...(step !== undefined && { step }),
        ...(cause !== undefined &&
          causes < MAX_CAUSES && { cause: this.#cause(cause, causes + 1) }),
      },
    };
  }

  #cause(cause: unknown, causes: number): unknown {
    return cause instanceof Error ? this.#error(cause, causes) : inWords(cause);
  }

  #at(key: string | number, value: unknown): unknown {
    if (typeof value === "string" || typeof value === "boolean") return value;
    this.#keys.push(key);
    const written = this.write(value);
    this.#keys.pop();
    return written;
  }

  #refuse(what: string): never {
    const path = this.#keys.map((key) =>
      typeof key === "number"
        ? `[${key}]`
        : /^[\w$]+$/.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`,
    );
    throw new UnrecordableError(this.#name + path.join(""), what, this.#of);
  }
}

/** A cause may be anything, also something that throws when it is asked for its text. */
function inWords(cause: unknown): string {
  try {
    return typeof cause === "object" && cause !== null ? JSON.stringify(cause) : String(cause);
  } catch {
    return "a cause that cannot be told"; // What failed matters more than how its cause reads.
  }
}

// --- reading -----------------------------------------------------------------------------------

/** Builds the kinds again, in place: the tree is fresh from the parser and nobody else holds it. */
function read(node: unknown, depth: number): unknown {
  if (typeof node !== "object" || node === null) return node;
  if (depth > MAX_READ_DEPTH) throw broken("it is nested too deep");
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index += 1) node[index] = read(node[index], depth + 1);
    return node;
  }
  if (Object.hasOwn(node, "$")) return readTagged(node as Tagged, depth + 1);
  for (const [key, value] of Object.entries(node)) {
    const built = read(value, depth + 1);
    // Not an assignment: a key named "__proto__" must stay a key.
    if (built !== value) Object.defineProperty(node, key, { ...OWN, value: built });
  }
  return node;
}

const OWN = { configurable: true, enumerable: true, writable: true } as const;

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity,
  "-Infinity": -Infinity,
  "-0": -0,
};

function readTagged({ $: kind, v }: Tagged, depth: number): unknown {
  switch (kind) {
    case "undefined":
      return undefined;
    case "number":
      return isText(v) && Object.hasOwn(NUMBERS, v) ? NUMBERS[v] : unfit(kind);
    case "bigint":
      return isText(v) && v.length <= MAX_DIGITS + 1 && /^-?\d+$/.test(v) ? BigInt(v) : unfit(kind);
    case "date":
      return v === null || typeof v === "number" ? new Date(v ?? Number.NaN) : unfit(kind);
    case "bytes":
      return isText(v) ? new Uint8Array(Buffer.from(v, "base64")) : unfit(kind);
    case "object":
      return Object.fromEntries(readPairs(v, kind, depth) as [string, unknown][]);
    case "map":
      return new Map(readPairs(v, kind, depth));
    case "set":
      return Array.isArray(v) ? new Set(read(v, depth) as unknown[]) : unfit(kind);
    case "error":
      return readError(v, depth);
    default:
      throw broken(`"${String(kind).slice(0, 20)}" is no kind of value`);
  }
}

function readPairs(pairs: unknown, kind: string, depth: number): [unknown, unknown][] {
  if (!Array.isArray(pairs)) return unfit(kind);
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) return unfit(kind);
    const key = read(pair[0], depth + 1);
    if (kind === "object" && !isText(key)) return unfit(kind);
    return [key, read(pair[1], depth + 1)];
  });
}

function readError(fields: unknown, depth: number): RecordedError {
  if (typeof fields !== "object" || fields === null) return unfit("error");
  const { name, message, code, step, cause } = fields as Readonly<Record<string, unknown>>;
  if (!isText(name) || !isText(message)) return unfit("error");
  const isCode = isText(code) || typeof code === "number";
  return new RecordedError({
    name,
    message,
    code: isCode ? code : undefined,
    step: isText(step) ? step : undefined,
    cause: read(cause, depth + 1),
  });
}

const isText = (value: unknown): value is string => typeof value === "string";

const broken = (why: string): CorruptRecordError =>
  new CorruptRecordError(`A recorded value cannot be read: ${why}`);

function unfit(kind: string): never {
  throw broken(`what it holds is no ${kind}`);
}

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");

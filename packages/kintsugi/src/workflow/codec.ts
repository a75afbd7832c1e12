/**
 * Values as text and back. JSON is written as JSON; what JSON cannot carry is an object with the key
 * `$`, which names one of a closed set of kinds. Reading builds those kinds and no others: no name in
 * a record ever chooses a class.
 */

import { CorruptRecordError, UnrecordableError } from "./errors.ts";
import { RecordedError } from "./recorded-error.ts";

/** Deeper values are refused: they would end in an overflow of the stack at some later reader. */
const MAX_DEPTH = 500;

/** Causes of causes that are kept. */
const MAX_CAUSES = 8;

/**
 * The text of a value. `name` is what the value is called in errors.
 *
 * @throws {@link UnrecordableError} for functions, symbols, class instances and circles.
 */
export function encode(value: unknown, name = "value"): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    default:
      return JSON.stringify(new Writer(name).write(value));
  }
}

/** @throws {@link CorruptRecordError} when `text` is not what {@link encode} wrote. */
export function decode(text: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CorruptRecordError(error instanceof Error ? error.message : String(error));
  }
  return text.includes('"$"') ? read(parsed) : parsed;
}

// --- writing -----------------------------------------------------------------------------------

type Tagged = { readonly $: string; readonly v?: unknown };

class Writer {
  readonly #name: string;
  /** The way down to the value in hand; texts are made of it only when something is refused. */
  readonly #keys: (string | number)[] = [];
  readonly #above: object[] = [];

  constructor(name: string) {
    this.#name = name;
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
        return { $: "bigint", v: String(value) };
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
    throw new UnrecordableError(this.#name + path.join(""), what);
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
function read(node: unknown): unknown {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index += 1) node[index] = read(node[index]);
    return node;
  }
  if (Object.hasOwn(node, "$")) return readTagged(node as Tagged);
  for (const [key, value] of Object.entries(node)) {
    const built = read(value);
    // Not an assignment: a key named "__proto__" must stay a key.
    if (built !== value) Object.defineProperty(node, key, { ...OWN, value: built });
  }
  return node;
}

const OWN = { configurable: true, enumerable: true, writable: true } as const;

function readTagged({ $: kind, v }: Tagged): unknown {
  switch (kind) {
    case "undefined":
      return undefined;
    case "number":
      return Number(v);
    case "bigint":
      return BigInt(v as string);
    case "date":
      return new Date((v as number | null) ?? Number.NaN);
    case "bytes":
      return new Uint8Array(Buffer.from(v as string, "base64"));
    case "object":
      return Object.fromEntries(readPairs(v) as [string, unknown][]);
    case "map":
      return new Map(readPairs(v));
    case "set":
      return new Set(read(v) as unknown[]);
    case "error":
      return readError(v as RecordedFields);
    default:
      throw new CorruptRecordError(`"${String(kind)}" is no kind of value`);
  }
}

const readPairs = (pairs: unknown): [unknown, unknown][] =>
  (pairs as [unknown, unknown][]).map(([key, value]) => [read(key), read(value)]);

interface RecordedFields {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly step?: string;
  readonly cause?: unknown;
}

function readError({ name, message, code, step, cause }: RecordedFields): RecordedError {
  return new RecordedError({ name, message, code, step, cause: read(cause) });
}

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");

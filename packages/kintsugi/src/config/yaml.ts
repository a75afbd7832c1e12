/** Reads YAML 1.2: plain values, the place of each, and all that is wrong with the text itself. */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";

import { keyName } from "./faults.ts";

export type Path = readonly PropertyKey[];

interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface TextFault {
  readonly position: Position;
  readonly key: string;
  readonly message: string;
}

interface YamlText {
  /** Maps (without a prototype), lists, texts, numbers, true, false, null. Undefined: no YAML at all. */
  readonly tree: unknown;
  readonly faults: readonly TextFault[];
  /** Where the key or the value at `path` stands; where it is missing, the nearest one above. */
  locate(path: Path, part: "key" | "value"): Position;
}

/** A configuration is written by hand: what is larger is another file, or an attack. */
export const LARGEST_BYTES: number = 2 ** 20;
export const TOO_LARGE = "the file is larger than 1 MiB; expected a configuration written by hand";
/** Keeps the parser below half a second on the worst text (measured: 100,000 open brackets, 0.3 s). */
const MOST_TOKENS = 100_000;
const MOST_ALIASES = 100;
/** Aliases multiply what they name ("billion laughs"): this is how much may come of it. */
const MOST_VALUES = 100_000;
const DEEPEST = 32;
/** After a few, the parser is guessing. */
const MOST_SYNTAX_FAULTS = 10;

const START: Position = { line: 1, column: 1 };

/** Never throws: what cannot be read is a fault. */
export function readYaml(text: string): YamlText {
  const tooLarge = refuseSize(text);
  if (tooLarge) return unreadable([{ position: START, key: "", message: tooLarge }]);

  const counter = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    lineCounter: counter,
    prettyErrors: false,
    uniqueKeys: false, // The parser's own check is quadratic; `plainMap` has a linear one.
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = syntaxFaults(document, positionAt);
  if (document.errors.length > 0) return unreadable(broken);

  const reading: Reading = { document, positionAt, faults: [...broken], aliases: 0, values: 0 };
  const tree = plain(reading, document.contents, []);
  return {
    tree,
    faults: reading.faults,
    locate: (path, part) => locate(reading, path, part),
  };
}

interface Reading {
  readonly document: Document;
  readonly positionAt: (offset: number) => Position;
  readonly faults: TextFault[];
  aliases: number;
  values: number;
}

type MaybeNode = Node | null;

const unreadable = (faults: readonly TextFault[]): YamlText => ({
  tree: undefined,
  faults,
  locate: () => START,
});

function refuseSize(text: string): string | undefined {
  if (new TextEncoder().encode(text).length > LARGEST_BYTES) {
    return TOO_LARGE;
  }
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MOST_TOKENS) {
      return `the file has more than ${MOST_TOKENS} parts; expected a configuration written by hand`;
    }
  }
  return undefined;
}

function syntaxFaults(
  document: Document,
  positionAt: (offset: number) => Position,
): readonly TextFault[] {
  const tooDeep = document.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  const errors = tooDeep ? [tooDeep] : [...document.errors, ...document.warnings];
  const faults = errors.slice(0, MOST_SYNTAX_FAULTS).map(({ code, message, pos: [offset] }) => ({
    position: positionAt(offset),
    key: "",
    message: SENTENCES[code] ?? `this is not YAML: ${lowerFirst(message)}; expected YAML 1.2`,
  }));
  const { explicit, version } = document.directives?.yaml ?? {};
  if (explicit && version !== "1.2") {
    const message = `the file says that it is YAML ${version}; expected 1.2`;
    faults.push({ position: START, key: "", message });
  }
  return faults;
}

const TOO_DEEP = `nested too deeply; expected at most ${DEEPEST} levels`;

/** What the parser's codes mean to the person who wrote the text. */
const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "a tab indents this line; expected spaces",
  TAG_RESOLVE_FAILED: "a tag (!) of its own kind; expected plain values only",
  MULTIPLE_DOCS: "a second document (---) begins here; expected one",
  RESOURCE_EXHAUSTION: TOO_DEEP,
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function plain(reading: Reading, node: MaybeNode, path: Path): unknown {
  reading.values += 1;
  if (reading.values > MOST_VALUES) return refuseOnce(reading, node, path, TOO_MANY_VALUES);
  if (path.length > DEEPEST) return refuseOnce(reading, node, path, TOO_DEEP);
  if (isAlias(node)) {
    reading.aliases += 1;
    if (reading.aliases > MOST_ALIASES) return refuseOnce(reading, node, path, TOO_MANY_ALIASES);
    const target = node.resolve(reading.document);
    if (target) return plain(reading, target, path);
    return refuse(reading, node, path, `nothing is anchored as "${node.source}" before this line`);
  }
  if (isMap(node)) return plainMap(reading, node, path);
  if (isSeq(node)) {
    return node.items.map((item, index) => plain(reading, item as MaybeNode, [...path, index]));
  }
  return isScalar(node) ? node.value : null;
}

const TOO_MANY_VALUES = `aliases (*) make more than ${MOST_VALUES} values of this file; expected fewer`;
const TOO_MANY_ALIASES = `more than ${MOST_ALIASES} aliases (*); expected fewer`;

function plainMap(reading: Reading, map: YAMLMap, path: Path): object {
  // Without a prototype, a key named __proto__ is a key like any other.
  const fields = Object.create(null) as Record<string, unknown>;
  for (const { key, value } of map.items) {
    const name = keyText(key);
    if (name === undefined) {
      refuse(reading, key as MaybeNode, path, "a key of several parts; expected a single word");
    } else if (Object.hasOwn(fields, name)) {
      const message = `the key "${name}" is there twice; expected each key once`;
      refuse(reading, key as MaybeNode, [...path, name], message);
    } else {
      fields[name] = plain(reading, value as MaybeNode, [...path, name]);
    }
  }
  return fields;
}

const keyText = (key: unknown): string | undefined =>
  isScalar(key) ? String(key.value ?? "") : undefined;

function refuse(reading: Reading, node: MaybeNode, path: Path, message: string): null {
  const position = reading.positionAt(node?.range?.[0] ?? 0);
  reading.faults.push({ position, key: keyName(path), message });
  return null;
}

/** A limit that was passed is told where it was passed; everything behind it is only an echo. */
function refuseOnce(reading: Reading, node: MaybeNode, path: Path, message: string): null {
  const isTold = reading.faults.some((fault) => fault.message === message);
  return isTold ? null : refuse(reading, node, path, message);
}

function locate({ document, positionAt }: Reading, path: Path, part: "key" | "value"): Position {
  let node: MaybeNode = document.contents;
  let offset = 0;
  for (const [depth, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const isLast = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyText(key) === String(segment));
      if (!pair) return positionAt(offset);
      const keyNode = pair.key as MaybeNode;
      node = pair.value as MaybeNode;
      const shown = isLast && part === "value" ? (node ?? keyNode) : keyNode;
      offset = shown?.range?.[0] ?? offset;
    } else if (isSeq(node)) {
      node = (node.items[Number(segment)] as MaybeNode | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else {
      return positionAt(offset);
    }
  }
  return positionAt(offset);
}

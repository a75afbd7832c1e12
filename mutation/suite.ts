/**
 * Stands in for vitest in the copy that is broken: takes down the tests of a file, to be run as often as
 * there are mutants. Vitest itself would start anew for each of them, which takes most of the time.
 */

import { join } from "node:path";
import { vi, expect as vitestExpect } from "vitest";

export { expectTypeOf, vi } from "vitest";

export interface Test {
  /**
   * `file#chapter, sentence`: no two have the same. The file is told from the package, as the copy is
   * elsewhere in each run.
   */
  readonly name: string;
  readonly file: string;
  readonly run: () => unknown;
}

/** `expect`, but for `expect.poll`, which asks vitest which test is running. */
export const expect: typeof vitestExpect = new Proxy(vitestExpect, {
  get: (whole, part) => (part === "poll" ? poll : (Reflect.get(whole, part) as unknown)),
});

type Matchers = Readonly<Record<string | symbol, (...expected: readonly unknown[]) => void>>;

const poll = (read: () => unknown): Matchers =>
  new Proxy<Matchers>(
    {},
    {
      get:
        (_, matcher) =>
        (...expected: readonly unknown[]) =>
          vi.waitFor(async () => {
            (vitestExpect(await read()) as unknown as Matchers)[matcher]?.(...expected);
          }),
    },
  );

type Body = (...row: never[]) => unknown;

/** What the files that are being loaded have told. */
export const taken: Map<string, Test> = new Map();

let file = "";
let root = "";
let chapters: readonly string[] = [];
let endings: (() => unknown)[] = [];

/** The tests that are told next are those of `path`, below `from`. */
export function openFile(path: string, from: string): void {
  file = path;
  root = from;
}

/** What the test that has just run wants done at its end; the last wish first. */
export function takeEndings(): readonly (() => unknown)[] {
  const wishes = endings.toReversed();
  endings = [];
  return wishes;
}

export function onTestFinished(ending: () => unknown): void {
  endings.push(ending);
}

function tell(sentence: string, body: Body, row: readonly unknown[]): void {
  const plain = `${file}#${[...chapters, sentence].join(", ")}`;
  let name = plain;
  for (let number = 2; taken.has(name); number += 1) name = `${plain} (${number})`;
  taken.set(name, { name, file: join(root, file), run: () => body(...(row as never[])) });
}

function open(chapter: string, body: Body, row: readonly unknown[]): void {
  const outer = chapters;
  chapters = [...outer, chapter];
  body(...(row as never[]));
  chapters = outer;
}

type Teller = typeof tell;

const withRows =
  (teller: Teller) =>
  (rows: readonly unknown[]) =>
  (text: string, body: Body): void => {
    for (const row of rows) teller(text, body, Array.isArray(row) ? row : [row]);
  };

const plain =
  (teller: Teller) =>
  (text: string, body: Body): void =>
    teller(text, body, []);

type Plain = ReturnType<typeof plain> & { readonly each: ReturnType<typeof withRows> };

export const it: Plain = Object.assign(plain(tell), { each: withRows(tell) });
export const describe: Plain = Object.assign(plain(open), { each: withRows(open) });

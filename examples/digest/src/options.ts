/** What a person may say behind `npm start --`. */

import { parseArgs } from "node:util";

export interface StartOptions {
  /** Ends when all is done. */
  readonly once: boolean;
  /** Runs the same job again without any of our parts, and compares. */
  readonly bare: boolean;
  /** Which bad day the provider has. */
  readonly seed: string;
  /** The folder to read; undefined for the packages that were just installed. */
  readonly folder: string | undefined;
}

export type Wish =
  | { readonly kind: "start"; readonly options: StartOptions }
  | { readonly kind: "help" }
  /** In one sentence. */
  | { readonly kind: "wrong"; readonly why: string };

const LONGEST_SEED = 100;

export const USAGE = `Usage: npm start -- [--once] [--bare] [--seed <text>] [folder]

Reads the documents of a hundred packages in a folder (default: node_modules) while a plan of faults
kills, hangs and crashes what works on it; prints the dashboard's address first.

  --once         ends when all is done: with 0 when nothing was lost or recorded twice, else with 1
  --bare         does the same job again without Kintsugi, 15 s at most, and prints both side by side
  --seed <text>  which bad day the provider has: the same seed, the same day (default: kintsugi)
  --help         shows this`;

export function readWish(args: readonly string[]): Wish {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        once: { type: "boolean", default: false },
        bare: { type: "boolean", default: false },
        seed: { type: "string", default: "kintsugi" },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    const { help, ...options } = values;
    if (help) return { kind: "help" };
    const [folder, ...others] = positionals;
    const isFit = options.seed.length > 0 && options.seed.length <= LONGEST_SEED;
    if (!isFit) return wrong(`--seed takes a text of 1 to ${LONGEST_SEED} characters`);
    if (others.length > 0) return wrong(`One folder can be read, not ${positionals.length}`);
    return { kind: "start", options: { ...options, folder } };
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS")) throw error;
    const [sentence = ""] = (error as Error).message.split(/\. |\n/);
    return wrong(sentence);
  }
}

const wrong = (why: string): Wish => ({ kind: "wrong", why });

/** What is known of a peer whose own tests run against our entry of its name. */

export interface Peer {
  /** As npm knows it; also the entry, `@kintsugi/policy/compat/<name>`. */
  readonly name: string;
  /** The exact version that the entry stands in for. */
  readonly version: string;
  /** Where git finds its sources. */
  readonly repository: string;
  /** The tag of that version. */
  readonly tag: string;
  /** How many cases must pass, of those that are not apart. */
  readonly needed: number;
  /** Runs its test files against our entry. @throws when they cannot be run at all. */
  run(ground: Ground): readonly TestFile[];
}

/** Two folders that are gone when the run is over. */
export interface Ground {
  /** The peer's sources as they are at the tag: may be changed at will. */
  readonly checkout: string;
  /** Our package as npm would install it: `package.json` and `dist`. */
  readonly ours: string;
}

export interface TestFile {
  /** Path in the checkout. */
  readonly file: string;
  /** Whether it tests what the peer does not export, so that it says nothing about a user's program. */
  readonly apart: boolean;
  readonly cases: readonly TestCase[];
}

export interface TestCase {
  readonly name: string;
  /** Undefined where it passed. */
  readonly failure?: string | undefined;
}

/** What a benchmark is: sections of rows, and in each row the contestants that do the same work. */

import type { FigureSpec } from "./figures.ts";
import type { Goal } from "./goals.ts";
import type { Result } from "./result.ts";

export interface Bench {
  readonly name: string;
  /** What is measured, in one sentence. */
  readonly title: string;
  readonly rounds: number;
  readonly quickRounds: number;
  /** Packages whose versions belong to the result. */
  readonly peers: readonly string[];
  readonly sections: readonly Section[];
  /** Servers by the name of the contestant that needs one. */
  readonly servers: Readonly<Record<string, (folder: string) => Promise<Server>>>;
  /** What is to be reached. @defaultValue nothing is set */
  readonly goals?: readonly Goal[];
  /** Done once, before the servers start. @defaultValue nothing */
  readonly prepare?: () => void;
  /** Lines that a README may quote. */
  readonly quotes: (result: Result) => readonly string[];
}

export interface Section {
  readonly title: string;
  readonly figures: readonly FigureSpec[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  /** The contestant that the others are compared with. */
  readonly ours: string;
  readonly contestants: readonly Contestant[];
}

export interface Contestant {
  readonly name: string;
  /** Whether it is somebody else's, and no floor and none of ours. @defaultValue false */
  readonly isPeer?: boolean;
  /** What else a reader has to know of it, such as what its durability promises. */
  readonly note?: string;
  /** It takes part in so many rounds, the first ones. @defaultValue in all */
  readonly rounds?: number;
  /** Whether quick runs do without it. @defaultValue false */
  readonly isSlow?: boolean;
  /** Children that are started one after the other in each round; their figures are one. */
  readonly passes: readonly Pass[];
}

export interface Pass {
  readonly program: URL;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** A child that has not ended after so long is stuck. @defaultValue 90_000 */
  readonly patienceMs?: number;
  /** What the program is told, as JSON. */
  readonly settings: Readonly<Record<string, string | number>>;
}

export interface Server {
  readonly version: string;
  readonly pid: number;
  /** What the contestant has to know of it, such as its address. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
}

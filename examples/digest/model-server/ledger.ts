/**
 * What the model server writes down, one JSON object a line, so that a stranger can count afterwards what
 * was asked for how often. It outlives the server: the next life reads it and goes on with the same day.
 */

import { appendFileSync, existsSync, readFileSync } from "node:fs";

export interface LedgerLine {
  /** `failed`: it was refused, or will never be answered. Each call is `asked` first. */
  readonly what: "asked" | "failed" | "answered";
  readonly document: string;
  /** The caller's idempotency key; "" when it sent none. */
  readonly key: string;
  /** Which try of the caller it is, as he says, from 1. */
  readonly attempt: number;
  /** Which life of the server. */
  readonly incarnation: number;
}

export interface Ledger {
  write(line: LedgerLine): void;
  /** Calls about this document that failed so far, in all lives. */
  failuresOf(document: string): number;
}

export function openLedger(file: string): Ledger {
  const failures = new Map<string, number>();
  const count = ({ what, document }: LedgerLine): void => {
    if (what === "failed") failures.set(document, (failures.get(document) ?? 0) + 1);
  };
  for (const line of readLedger(file)) count(line);
  // Where the life before was killed while it wrote, ours begin on a line of their own.
  appendFileSync(file, "\n");
  return {
    write(line) {
      appendFileSync(file, `${JSON.stringify(line)}\n`);
      count(line);
    },
    failuresOf: (document) => failures.get(document) ?? 0,
  };
}

export function readLedger(file: string): readonly LedgerLine[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): LedgerLine | undefined {
  try {
    return JSON.parse(line) as LedgerLine;
  } catch {
    return undefined; // The line that the server was writing when it was killed.
  }
}

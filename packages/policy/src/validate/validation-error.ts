/** An answer that is not what it should be, as an error that the classifier can read. */

import { KintsugiError } from "../base/index.ts";
import type { SchemaIssue } from "./standard-schema.ts";

/** More help nobody: the first say what is wrong, and an error may be logged as a whole. */
const MOST_ISSUES = 20;
const MOST_KEYS = 20;
const LONGEST_TEXT = 200;

/** One thing that is wrong. */
export interface ValidationIssue {
  /** Where: `"items.0.price"`; empty for the whole. */
  readonly path: string;
  /** What, in the schema's words, at most 200 characters. */
  readonly message: string;
}

/** The call did run and returned; what it returned does not fit. */
export class ValidationFailedError extends KintsugiError {
  override readonly name = "ValidationFailedError";
  /** The second where the answer was no JSON. */
  readonly code: "KINTSUGI_VALIDATION_FAILED" | "KINTSUGI_INVALID_JSON";
  /** The first 20. */
  readonly issues: readonly ValidationIssue[];
  /** The beginning of what came, as JSON, at most 200 characters. */
  readonly received: string;
  /** Whether another attempt may end better: retries and circuits go by it. */
  readonly retryable: boolean;

  constructor(
    code: ValidationFailedError["code"],
    issues: readonly ValidationIssue[],
    received: unknown,
    retryable: boolean,
  ) {
    const [first] = issues;
    const place = first?.path ? ` at ${first.path}` : "";
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
    super(`The answer does not fit${place}: ${first?.message ?? "no reason was given"}${more}`);
    this.code = code;
    this.issues = issues;
    this.received = preview(received);
    this.retryable = retryable;
  }
}

/** Issues as a schema reports them, cut to what is worth keeping. */
export function issuesOf(issues: readonly SchemaIssue[]): readonly ValidationIssue[] {
  return issues.slice(0, MOST_ISSUES).map(({ message, path = [] }) => ({
    path: cut(path.slice(0, MOST_KEYS).map(nameOf).join(".")),
    message: cut(String(message)),
  }));
}

export const cut = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;

const nameOf = (segment: PropertyKey | { readonly key: PropertyKey }): string =>
  String(typeof segment === "object" ? segment.key : segment);

/** Text is cut before it is quoted; an object is written only as far as it is kept. */
function preview(value: unknown): string {
  try {
    let left = LONGEST_TEXT;
    const text = JSON.stringify(value, (_, part: unknown) => {
      left -= 1;
      if (left < 0) return undefined;
      const isLong = typeof part === "string" || Array.isArray(part);
      return isLong ? part.slice(0, LONGEST_TEXT) : part;
    });
    return cut(text ?? String(value));
  } catch {
    return `(${typeof value})`; // A circle, a BigInt, or a getter that throws.
  }
}

/** What is wrong with a configuration, as a person reads it. */

/** Where something was written. */
export type Place =
  /** A file that could not even be read. */
  | { readonly kind: "whole-file"; readonly file: string }
  | {
      readonly kind: "file";
      readonly file: string;
      /** Both count from 1. */
      readonly line: number;
      readonly column: number;
    }
  | { readonly kind: "variable"; readonly variable: string }
  /** An object that a program gave. */
  | { readonly kind: "object" };

export interface ConfigFault {
  readonly place: Place;
  /** The key that it is about, with dots: `"components.web.command"`; "" for the whole. */
  readonly key: string;
  /** What is wrong and what was expected: one sentence without a full stop. */
  readonly message: string;
}

/** More than this are one mistake seen often. */
const MOST_PRINTED = 50;

/** One line a fault: `kintsugi.yaml:8:7: server.port is "x"; expected a whole number ...`. */
export function printFaults(faults: readonly ConfigFault[]): string {
  const lines = faults.slice(0, MOST_PRINTED).map(({ place, message }) => {
    const where = printPlace(place);
    return printable(where === "" ? message : `${where}: ${message}`);
  });
  const left = faults.length - lines.length;
  return [...lines, ...(left > 0 ? [`... and ${left} more`] : [])].join("\n");
}

/** `kintsugi.yaml:8:7`, a variable's name, or "" for an object. */
export function printPlace(place: Place): string {
  switch (place.kind) {
    case "whole-file":
      return place.file;
    case "file":
      return `${place.file}:${place.line}:${place.column}`;
    case "variable":
      return place.variable;
    case "object":
      return "";
  }
}

/** A file may hold what steers a terminal, or turns the direction of its text: none of it gets there. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}

/** The name of a key, as people write it: `chaos.plan[0].at`. */
export function keyName(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return index === 0 ? String(part) : `.${String(part)}`;
    })
    .join("");
}

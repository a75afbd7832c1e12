/** Recorded values as JSON can show them: for eyes, not for reading back. */

/** Deeper than this, a value is only named. */
const MOST_DEPTH = 20;

export function shownValue(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "undefined":
      return null;
    case "object":
      return value === null ? null : shownObject(value, depth);
    default:
      return value;
  }
}

function shownObject(value: object, depth: number): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth >= MOST_DEPTH) return "...";
  const inside = (one: unknown): unknown => shownValue(one, depth + 1);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Set) return [...value].map(inside);
  if (value instanceof Map) return [...value].map((pair: readonly unknown[]) => pair.map(inside));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inside(one)]));
}

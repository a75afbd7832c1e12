/**
 * Takes secrets out of what a component wrote before it died. Facts are kept for long and shown to
 * many; the environment and the arguments of a program are where its keys and passwords stand.
 */

interface Redaction {
  /** What the text may show by name only. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly args: readonly string[];
  /** Whether an argument names a file: a stack trace without file names explains nothing. */
  readonly isFile: (arg: string) => boolean;
}

/** Shorter values ("1", "true", "en_GB") are no secrets, and stand in every second word. */
const SHORTEST_SECRET = 8;

/** The same text with `$NAME` for values of the environment and `$ARGUMENT` for arguments. */
export function redact(text: string, { env, args, isFile }: Redaction): string {
  const names = new Map<string, string>();
  for (const arg of args) {
    const value = arg.startsWith("-") ? arg.slice(arg.indexOf("=") + 1) : arg;
    if (!value.startsWith("-") && !isFile(value)) names.set(value, "$ARGUMENT");
  }
  for (const [name, value] of Object.entries(env)) if (value) names.set(value, `$${name}`);
  return [...names]
    .filter(([value]) => value.length >= SHORTEST_SECRET)
    .toSorted(([one], [other]) => other.length - one.length) // A value may hold a shorter one.
    .reduce((shown, [value, name]) => shown.replaceAll(value, () => name), text);
}

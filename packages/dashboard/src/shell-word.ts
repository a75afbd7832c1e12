/** Text of others as one word of a shell: a command that is copied must not say more than it shows. */

import { plain } from "./plain-text.ts";

/** Undefined for what cannot be typed: characters that steer a terminal, or are not seen. */
export function shellWord(text: string): string | undefined {
  if (plain(text) !== text || text === "") return undefined;
  if (/^[\w./:@%+=,][\w./:@%+=,-]*$/.test(text)) return text;
  const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
  return text.startsWith("-") ? `-- ${quoted}` : quoted;
}

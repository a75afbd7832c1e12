/** Plain text for terminals and pipes: no colours, no escapes, aligned columns. */

/** What steers a terminal, ends a line, or turns the direction of letters (CVE-2021-42574). */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text of others on one line of a terminal: a control character is shown as its picture, such as ␛, a
 * tab as two spaces, and whatever else steers as U+FFFD.
 *
 * @example terminal.write(`${printable(error.message)}\n`);
 */
export const printable = (text: string): string =>
  text.replaceAll("\t", "  ").replace(STEERING, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\uFFFD";
  });

/** The same, of at most so many letters. */
export function shortened(text: string, most: number): string {
  const letters = [...printable(text)];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("");
}

/** A value as lines of JSON: what steers a terminal is escaped, so that a program reads what was meant. */
export const jsonLines = (value: unknown): readonly string[] =>
  JSON.stringify(value, null, 2)
    .split("\n")
    .map((line) =>
      line.replace(STEERING, (letter) =>
        Array.from({ length: letter.length }, (_, index) =>
          escapeOf(letter.charCodeAt(index)),
        ).join(""),
      ),
    );

const escapeOf = (unit: number): string => `\\u${unit.toString(16).padStart(4, "0")}`;

/** Lines of a table, its head first; columns stand two spaces apart. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const lines = [head, ...rows.map((row) => row.map(printable))];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Lines of `name: value`, the values in one column; what has no value is left out. */
export function facts(pairs: Readonly<Record<string, string | null>>): readonly string[] {
  const known = Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== null);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${`${name}:`.padEnd(width + 1)} ${printable(value)}`);
}

/** `3m 12s`: the two largest units. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24];
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

/** `150 MB`; 1,024 bytes are a kilobyte, as in the configuration. */
export function size(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 2 ** (10 * power);
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`;
}

/** `07:45:12` where the terminal is. */
export const clockTime = (epochMs: number): string => new Date(epochMs).toTimeString().slice(0, 8);

/** `2026-01-01 07:45:12` where the terminal is. */
export function dateTime(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${clockTime(epochMs)}`;
}

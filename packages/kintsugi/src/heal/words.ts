/** Figures as people read them in summaries and reasons. */

/** `850 ms`, `5.2 s`, `90 s`. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
}

/** `150 MB`; 1 MB is 1,048,576 bytes, as in the configuration. */
export const sizeText = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

/** `1 restart`, `3 restarts`. */
export const countText = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Texts are shown on one line and kept for long: the end of what is longer is cut off. */
export const shortText = (text: string, longest = 500): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;

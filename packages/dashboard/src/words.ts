/** Figures as words: spans, sizes, counts and times of day. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3.2 s`, `43 s`, `3 min 12 s`, `2 h 5 min`, `6 d 4 h`: never below zero. */
export function span(ms: number): string {
  const left = Math.max(0, ms);
  if (left < 9_950) return `${(left / SECOND).toFixed(1)} s`;
  return coarseSpan(left);
}

/** As {@link span}, in whole seconds: for what counts on while somebody looks. */
export function coarseSpan(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  if (left < HOUR) return pair(left, MINUTE, "min", SECOND, "s");
  return left < DAY ? pair(left, HOUR, "h", MINUTE, "min") : pair(left, DAY, "d", HOUR, "h");
}

function pair(ms: number, large: number, largeUnit: string, small: number, unit: string): string {
  const rest = Math.floor((ms % large) / small);
  const head = `${Math.floor(ms / large)} ${largeUnit}`;
  return rest === 0 ? head : `${head} ${rest} ${unit}`;
}

/** `184 ms` below a second, else as {@link span}. */
export const shortSpan = (ms: number): string => (ms < SECOND ? `${Math.round(ms)} ms` : span(ms));

/** `150 MB`; 1,024 bytes are a kilobyte, as in the configuration. */
export function size(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 2 ** (10 * power);
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`;
}

/** `12,345`. */
export const count = (amount: number): string => amount.toLocaleString("en");

/** `1 run`, `2 runs`. */
export const counted = (amount: number, one: string, many = `${one}s`): string =>
  `${count(amount)} ${amount === 1 ? one : many}`;

/** What the number of retries is part of: a runtime counts its own life. @param since `05:34:57` */
export const callsCounted = (calls: number, since: string): string =>
  `retried, of ${counted(calls, "call")} since ${since}`;

/** Whether a message may fill more than three lines: 40 characters are one on the narrowest page. */
export const isLong = (message: string): boolean =>
  message.length > 120 || message.split("\n").length > 3;

export type Zone = "local" | "utc";

/** `05:34:57`. */
export function clockTime(epochMs: number, zone: Zone): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return "--:--:--";
  return zone === "utc" ? date.toISOString().slice(11, 19) : date.toTimeString().slice(0, 8);
}

/** What is so now; of a page that has heard nothing since `staleSinceMs`, that it is not known. */
export const claimed = (claim: string, staleSinceMs: number | null, zone: Zone): string =>
  staleSinceMs === null ? claim : `not known since ${clockTime(staleSinceMs, zone)}`;

/** `2026-11-22 05:34:57`. */
export function dateTime(epochMs: number, zone: Zone): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return "";
  if (zone === "utc") return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${clockTime(epochMs, zone)}`;
}

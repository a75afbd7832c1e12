/** What `up` says when the program is ready. */

import { dashboardAddress } from "../server/client/index.ts";

export interface ReadyProgram {
  readonly name: string;
  readonly url: string;
  /** Opens the dashboard once; undefined when none was to be had. */
  readonly code: string | undefined;
  /** Whether it shows its figures to Prometheus. */
  readonly showsMetrics: boolean;
  /** Whether it goes on without `up`. */
  readonly isDetached: boolean;
}

export function readyLines(program: ReadyProgram): readonly string[] {
  const { name, url, code, showsMetrics, isDetached } = program;
  const end = isDetached ? "`kintsugi down` stops it" : "Ctrl-C stops it";
  const dashboard =
    code === undefined
      ? `${url}/   (\`kintsugi dashboard\` prints the address that opens it)`
      : `${dashboardAddress(url, code)}   (for one use within 60 s; \`kintsugi dashboard\` prints another)`;
  return [
    `${name} is ready (${end})`,
    `  dashboard  ${dashboard}`,
    ...(showsMetrics ? [`  metrics    ${url}/metrics`] : []),
  ];
}

/** What waits for a person, where anything does. */
export function waitingLines(count = 0): readonly string[] {
  if (count === 0) return [];
  const things = count === 1 ? "1 thing waits" : `${count} things wait`;
  return [`${things} for you: \`kintsugi runs\`, \`kintsugi incidents\``];
}

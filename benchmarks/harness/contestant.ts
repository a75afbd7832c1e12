/** The child's side: one process measures one contestant in one row of one round, and ends. */

import type { Figures } from "./figures.ts";

/** What a child says to the harness. */
export type Report = { readonly figures: Figures } | { readonly failed: string };

/** Measures what the harness asks for, says the figures, and ends the process whatever still runs. */
export async function contest<Settings>(
  measure: (settings: Settings) => Promise<Figures>,
): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "{}") as Settings;
  const report = await measure(settings).then(
    (figures): Report => ({ figures }),
    (error: unknown): Report => ({
      failed: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }),
  );
  if (!process.send) {
    console.log(report); // Started by hand, without a harness.
    process.exit();
  }
  process.send(report, () => process.exit());
}

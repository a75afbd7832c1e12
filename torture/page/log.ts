/** The event log, read over the API from its beginning, as a stranger would. */

import type { Client } from "kintsugi/client";
import type { Fact } from "kintsugi/store";

/** All facts from the first one up to the end of a run that is started to mark the end. */
export async function readLog(client: Client): Promise<readonly Fact[]> {
  const mark = await client.startRun("blink", null);
  const enough = new AbortController();
  const facts: Fact[] = [];
  for await (const event of client.events(enough.signal, 0)) {
    if (event.kind !== "fact") throw new Error(`The log begins at ${event.firstId}`);
    facts.push(event.fact);
    const { runId } = event.fact.payload as Readonly<Record<string, unknown>>;
    if (event.fact.type === "run.completed" && runId === mark.id) break;
  }
  enough.abort();
  return facts;
}

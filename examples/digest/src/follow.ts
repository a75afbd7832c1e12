/** Follows a program over its API, across the deaths of the runtime: the address may change with each life. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, createClient } from "kintsugi/client";
import type { Fact } from "kintsugi/store";

/** The client of whatever runtime lives now; undefined while there is none. */
export function currentClient(dataDir: string): Client | undefined {
  const [identity, token] = [join(dataDir, "runtime.json"), join(dataDir, "cli-token")];
  if (!existsSync(identity) || !existsSync(token)) return undefined;
  const { url } = JSON.parse(readFileSync(identity, "utf8")) as { url?: string };
  if (!url) return undefined;
  return createClient({ url, token: readFileSync(token, "utf8").trim(), fetch });
}

/**
 * What `ask` says, asked again every 200 ms while the runtime is away.
 *
 * @throws what the runtime refuses: asking again would not help.
 */
export async function asked<T>(
  dataDir: string,
  ask: (client: Client) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const client = currentClient(dataDir);
    const answer = client && (await ask(client).catch(orAway));
    if (answer !== undefined) return answer;
    await sleep(200, undefined, { signal });
  }
}

/** Undefined for the errors of a runtime that is dead, or has not come up yet. */
function orAway(error: unknown): undefined {
  const { code, status } = error as { readonly code?: string; readonly status?: number };
  const isRefusal = code === "KINTSUGI_FORBIDDEN" || code === "KINTSUGI_UNAUTHENTICATED";
  if (isRefusal || (status !== undefined && status >= 400 && status < 500)) throw error;
}

/** Facts as they happen, none twice and none left out, until `signal` is aborted. */
export async function* factsOf(dataDir: string, signal: AbortSignal): AsyncGenerator<Fact> {
  let lastId = 0;
  while (!signal.aborted) {
    const client = currentClient(dataDir);
    try {
      for await (const event of client?.events(signal, lastId) ?? []) {
        if (event.kind !== "fact" || event.fact.id <= lastId) continue;
        lastId = event.fact.id;
        yield event.fact;
      }
    } catch {
      // The runtime died in the middle of a sentence; its successor goes on where it stopped.
    }
    // An abort ends the wait, and with it the loop.
    if (!signal.aborted) await sleep(200, undefined, { signal }).catch(() => {});
  }
}

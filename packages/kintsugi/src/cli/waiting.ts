/** What waits for a person, counted as the dashboard counts it. */

import type { Client } from "../server/client/index.ts";

/** The three lists are as long as the server gives them; nobody counts more than that by hand. */
const MOST_LISTED = 1_000;

/** Dead runs, components that are left alone, and incidents that nobody has mended since. */
export async function countWaiting(client: Client, signal?: AbortSignal): Promise<number> {
  const [{ runs, components }, incidents] = await Promise.all([
    client.status(signal),
    client.incidents({ limit: MOST_LISTED }, signal),
  ]);
  const alone = components
    .filter(({ phase }) => phase === "gave-up" || phase === "crash-looping")
    .map(({ name }) => name);
  const escalated = incidents.filter(
    ({ status, key, component, openedAtMs }) =>
      status === "escalated" &&
      !alone.includes(component) && // The same trouble, and counted already.
      !incidents.some(
        (later) =>
          later.key === key && later.openedAtMs > openedAtMs && later.status !== "suppressed",
      ),
  );
  return runs.dead + alone.length + escalated.length;
}

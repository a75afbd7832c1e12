/** `kintsugi dashboard`: the address that opens the dashboard. */

import { dashboardAddress } from "../../server/client/index.ts";
import type { CommandContext } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import { clientOf } from "../instance.ts";
import { type PlaceOptions, pathsOfPlace } from "../place.ts";
import { jsonLines } from "../text.ts";

/**
 * Prints a fresh address, alone on stdout. It opens no browser: its command line would show the code to
 * everybody on this machine.
 */
export async function dashboard(
  context: CommandContext,
  options: PlaceOptions & { readonly json: boolean },
): Promise<number> {
  const { terminal } = context;
  const client = clientOf(context, await pathsOfPlace(context, options));
  const { code, expiresAtMs } = await client.sessionCode();
  const address = dashboardAddress(client.url, code);
  if (options.json) {
    for (const line of jsonLines({ address, expiresAtMs })) terminal.out(line);
  } else {
    terminal.out(address);
    terminal.err("(for one use within 60 s)");
  }
  return DONE;
}

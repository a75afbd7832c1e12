/**
 * A server at any free port takes the port of its last life where that is still free: an open page finds
 * the next runtime at the same address.
 */

import type { Files } from "../host/index.ts";
import { AddressUnusableError, PortInUseError } from "./errors.ts";
import { type RunningServer, type ServerOptions, startServer } from "./server.ts";

export interface KeptPort {
  readonly files: Pick<Files, "read" | "writeAtomic">;
  /** Written after listening, by the owner of the data folder. */
  readonly file: string;
}

/** The same as {@link startServer}; only a port of 0 is looked up and kept. */
export async function startAtKeptPort(
  options: ServerOptions,
  { files, file }: KeptPort,
): Promise<RunningServer> {
  if (options.port !== 0) return startServer(options);
  const kept = portIn(options, { files, file });
  const server = await startAt(kept, options);
  if (server.port === kept) return server;
  try {
    files.writeAtomic(file, `${server.port}\n`);
  } catch (error) {
    options.onError(error); // On a full disk the next life has another port; this one serves all the same.
  }
  return server;
}

async function startAt(port: number | undefined, options: ServerOptions): Promise<RunningServer> {
  if (port === undefined) return startServer(options);
  try {
    return await startServer({ ...options, port });
  } catch (error) {
    const isTaken = error instanceof PortInUseError || error instanceof AddressUnusableError;
    if (!isTaken) throw error;
    return startServer(options);
  }
}

/** Undefined where no port was kept, or what lies there is none. */
function portIn({ onError }: ServerOptions, { files, file }: KeptPort): number | undefined {
  let text = "";
  try {
    text = files.read(file)?.trim() ?? "";
  } catch (error) {
    onError(error); // An open page is lost then, and the program is not.
  }
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

/**
 * Who may talk to a server on the loopback: not every page that a browser of this machine shows.
 *
 * A page elsewhere can make a browser send requests here, under the name of that page's host (DNS
 * rebinding, CVE-2025-66414) or with any method (CVE-2026-27482). So the names by which the server may
 * be called are listed, and the origin of a page must be the server itself, on every method and path.
 */

import { Refusal } from "./refusal.ts";

interface RequestHeaders {
  readonly [name: string]: string | readonly string[] | undefined;
}

/**
 * What a `Host` header may say.
 *
 * @param configured More names: `"proxy.example"` with our port, or `"proxy.example:443"` as it is.
 */
export function allowedNames(
  host: string,
  port: number,
  configured: readonly string[],
): ReadonlySet<string> {
  const own = ["127.0.0.1", "localhost", "[::1]", bracketed(host)];
  const names = [...own, ...configured].map((name) => name.toLowerCase());
  const withPort = names.map((name) => (/:\d+$/.test(name) ? name : `${name}:${port}`));
  // A browser leaves the port of plain HTTP out.
  return new Set(port === 80 ? [...withPort, ...names] : withPort);
}

/** An address as it stands in a URL. */
export const bracketed = (host: string): string =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;

/** Whether nobody but this machine can call a server that listens there. */
export const isLoopback = (host: string): boolean =>
  ["localhost", "::1", "[::1]"].includes(host.toLowerCase()) || /^127(?:\.\d{1,3}){3}$/.test(host);

/** Why a request is refused, before anything is done for it; undefined when it is not. */
export function refuseStranger(
  headers: RequestHeaders,
  hosts: readonly string[],
  allowed: ReadonlySet<string>,
): Refusal | undefined {
  const [host = "", ...others] = hosts;
  if (others.length > 0 || !allowed.has(host.toLowerCase())) {
    return new Refusal(
      403,
      "KINTSUGI_HOST_REFUSED",
      "The server does not go by this name: call it 127.0.0.1 or localhost, or add the name to " +
        "server.allowedHosts",
    );
  }
  const { origin, "sec-fetch-site": site } = headers;
  const own = [`http://${host.toLowerCase()}`, `https://${host.toLowerCase()}`];
  const isForeign = origin !== undefined && !own.includes(String(origin).toLowerCase());
  // Some requests of a foreign page carry no origin; every browser of today says where they come from.
  const isCrossSite = site !== undefined && site !== "same-origin" && site !== "none";
  if (!isForeign && !isCrossSite) return undefined;
  const message = "The page that sent this request is not the server's own";
  return new Refusal(403, "KINTSUGI_ORIGIN_REFUSED", message);
}

/**
 * The files of the dashboard. They are read once, at the start, into a table: a path that is not in it
 * does not exist, and nothing that a request says ever becomes a path on the disk.
 */

import { createHash } from "node:crypto";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Files } from "../host/index.ts";
import { notFound, Refusal } from "./refusal.ts";
import type { Answer, Asked, Route } from "./route.ts";

interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The same, compressed by brotli. */
  readonly brotli: Uint8Array | undefined;
  readonly etag: string;
}

type PageFiles = Readonly<Pick<Files, "readBytes" | "list">>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** The page runs its own script and talks to its own server, and nobody else may show or steer it. */
const GUARDED = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Their names change with what is in them. */
const FOR_EVER = "public, max-age=31536000, immutable";

/** Where the build leaves them: the same from `src/server` and from `dist/server`. */
export const builtPages: string = fileURLToPath(new URL("../../dashboard", import.meta.url));

/** The routes of the page; no token opens them, for they hold nothing of the program. */
export function pageRoutes(files: PageFiles, folder: string): readonly Route[] {
  const table = readPages(files, folder);
  const answer = (asked: Asked): Answer => answerOf(table, asked);
  return ["/", "/favicon.svg", "/assets/*"].map((path) => ({
    method: "GET",
    path,
    scope: "none",
    answer,
  }));
}

function readPages(files: PageFiles, folder: string): ReadonlyMap<string, PageFile> {
  const table = new Map<string, PageFile>();
  const add = (path: string, file: string): void => {
    const bytes = files.readBytes(file);
    const type = TYPES[extname(file)];
    if (!bytes || type === undefined) return;
    const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
    table.set(path, { type, bytes, brotli: files.readBytes(`${file}.br`), etag });
  };
  add("/", join(folder, "index.html"));
  add("/favicon.svg", join(folder, "favicon.svg"));
  const assets = join(folder, "assets");
  for (const name of files.list(assets)) add(`/assets/${name}`, join(assets, name));
  return table;
}

function answerOf(table: ReadonlyMap<string, PageFile>, { path, headers }: Asked): Answer {
  const file = table.get(path);
  if (!file) throw path === "/" ? notBuilt() : notFound(`file ${path}`);
  const { type, bytes, brotli, etag } = file;
  const isPacked = brotli !== undefined && takesBrotli(headers["accept-encoding"]);
  const sent = {
    ...GUARDED,
    "content-type": type,
    "cache-control": path.startsWith("/assets/") ? FOR_EVER : "no-store",
    etag: isPacked ? etag.replace(/"$/, '-br"') : etag,
    ...(brotli && { vary: "accept-encoding" }),
    ...(isPacked && { "content-encoding": "br" }),
  };
  if (headers["if-none-match"] === sent.etag) return { status: 304, body: "", headers: sent };
  return { status: 200, body: isPacked ? brotli : bytes, headers: sent };
}

const notBuilt = (): Refusal =>
  new Refusal(
    503,
    "KINTSUGI_PAGE_NOT_BUILT",
    "The dashboard was not built: `npm run dashboard` builds it, and the next start shows it",
  );

/** Whether a list such as `gzip, br;q=0.5` names brotli, and does not rule it out. */
export function takesBrotli(header: string | readonly string[] | undefined): boolean {
  return String(header ?? "")
    .split(",")
    .map((each) => each.trim().toLowerCase())
    .some((each) => /^br(?:\s*;|$)/.test(each) && !/;\s*q=0(?:\.0*)?\s*$/.test(each));
}

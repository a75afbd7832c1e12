/** Identities as processes write them about themselves: `runtime.json`, `watchdog.json`. */

import type { Files, ProcessIdentity } from "../host/index.ts";

/** What a process of ours wrote under its lock as its first act, and what it learnt later. */
export interface WrittenIdentity extends ProcessIdentity {
  readonly instance: string;
  /** Address of the API; null until there is one, and for the watchdog. */
  readonly url: string | null;
}

/**
 * Undefined when there is no such file, or it is not one of ours: nobody is signalled on its word. Who
 * wrote it may have died long ago; `isAlive` tells.
 */
export function readIdentity(files: Files, path: string): WrittenIdentity | undefined {
  try {
    const text = files.read(path);
    return text === undefined ? undefined : parseIdentity(JSON.parse(text));
  } catch {
    return undefined; // Torn or foreign: as good as none.
  }
}

export const isSameProcess = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;

/** Undefined when `value` is no identity. */
export function parseIdentity(value: unknown): WrittenIdentity | undefined {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { pid, startTicks, bootId, instance, url } = fields;
  if (!Number.isSafeInteger(pid) || Number(pid) < 1) return undefined;
  if (typeof startTicks !== "string" || typeof bootId !== "string") return undefined;
  return {
    pid: Number(pid),
    startTicks,
    bootId,
    instance: typeof instance === "string" ? instance : "",
    url: typeof url === "string" ? url : null,
  };
}

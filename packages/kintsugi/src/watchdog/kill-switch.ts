/** The kill switch: a small file that says the program was stopped on purpose, by whom and why. */

import type { Files } from "../host/index.ts";
import type { KillSwitch, StopRequest } from "./types.ts";

/** Never throws: what cannot be read, or is no switch of ours, stops the program. */
export function readKillSwitch(files: Files, path: string): KillSwitch {
  try {
    const text = files.read(path);
    return text === undefined ? { kind: "released" } : parse(text);
  } catch (error) {
    return unreadable(String(error));
  }
}

/**
 * Engages it, whole or not at all. A `kill` that is engaged already stays as it is, with its reason, and
 * a `down` does not weaken a switch that nobody can read.
 *
 * @throws what the machine says when the file cannot be written.
 */
export function engageKillSwitch(
  files: Files,
  path: string,
  { form, by, why }: StopRequest,
  atMs: number,
): void {
  const current = readKillSwitch(files, path);
  if (formOf(current) === "kill") return; // The first one who killed it had the reason.
  if (form === "down" && current.kind === "unreadable") return;
  files.writeAtomic(path, `${JSON.stringify({ v: 1, form, by, why, atMs })}\n`, 0o600);
}

/** Lifts it, whatever its form. @throws what the machine says when the file cannot be removed. */
export function releaseKillSwitch(files: Files, path: string): void {
  files.remove(path);
}

const formOf = (killSwitch: KillSwitch): "down" | "kill" | undefined =>
  killSwitch.kind === "engaged" ? killSwitch.form : undefined;

const unreadable = (reason: string): KillSwitch => ({ kind: "unreadable", reason });

function parse(text: string): KillSwitch {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable("it is not JSON");
  }
  const { v, form, by, why, atMs } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (v !== 1) return unreadable(`its version is ${JSON.stringify(v)}, ours is 1`);
  if (form !== "down" && form !== "kill") return unreadable("its form is neither down nor kill");
  if (typeof by !== "string" || typeof why !== "string") {
    return unreadable("it does not say who engaged it and why");
  }
  if (typeof atMs !== "number") return unreadable("it does not say when it was engaged");
  return { kind: "engaged", form, by, why, atMs };
}

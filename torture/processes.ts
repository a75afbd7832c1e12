/** Finds and kills the processes of one instance, as a stranger would: from /proc, by their marker. */

import { readdirSync, readFileSync } from "node:fs";

export interface Marked {
  readonly pid: number;
  readonly role: string;
  readonly component: string | undefined;
}

/** Living processes with `KINTSUGI_INSTANCE=<instance>`; zombies are dead. */
export function findMarked(instance: string): readonly Marked[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const env = environmentOf(name);
      if (env?.get("KINTSUGI_INSTANCE") !== instance || isZombie(name)) return [];
      const role = env.get("KINTSUGI_ROLE") ?? "";
      return [{ pid: Number(name), role, component: env.get("KINTSUGI_COMPONENT") }];
    });
}

/** kill -9, unless it has gone by itself. */
export function killNow({ pid }: Marked): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false; // It died in between: nothing to kill.
  }
}

function environmentOf(pid: string): ReadonlyMap<string, string> | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, "utf8");
    const pairs = text.split("\0").map((line) => line.split(/=(.*)/s));
    return new Map(pairs.map(([name = "", value = ""]) => [name, value]));
  } catch {
    return undefined; // Gone, or somebody else's.
  }
}

function isZombie(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return /^[ZX]$/.test(stat.slice(stat.lastIndexOf(")") + 2).charAt(0));
  } catch {
    return true;
  }
}

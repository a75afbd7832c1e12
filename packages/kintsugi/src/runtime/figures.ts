/** The figures of the runtime: what its recorder counted, and what is asked for when they are read. */

import type { Healer, IncidentView } from "../heal/index.ts";
import { loopTime } from "../host/index.ts";
import { readKillSwitch } from "../watchdog/index.ts";
import type { Parts } from "./parts.ts";
import { version } from "./version.ts";

/** In Prometheus' text format. */
export function figuresText(parts: Parts): Promise<string> {
  const { system, engine, supervisor, healer, calls, recorder, startedAtMs } = parts;
  const { host, store, paths } = system;
  return recorder.text({
    version,
    startedAtMs,
    components: supervisor,
    engine,
    store,
    circuits: () => calls.circuits.getAllStats(),
    trust: () => healer.trustAll(),
    openIncidents: () => openIncidents(healer),
    isKillSwitchActive: () => readKillSwitch(host.files, paths.killSwitch).kind !== "released",
    process: () => host.processes.sample(host.processes.self),
    loopTime,
  });
}

/** Those that have not ended. */
export async function openIncidents({ incidents }: Healer): Promise<readonly IncidentView[]> {
  const open = ["opened", "healing", "verifying"] as const;
  const lists = await Promise.all(open.map((status) => incidents.list({ status, limit: 1_000 })));
  return lists.flat();
}

/** Where the files of the main job lie. */

import { join } from "node:path";

export interface Places {
  readonly config: string;
  readonly dataDir: string;
  readonly ledger: string;
  readonly address: string;
  /** Read by the model server at each start. */
  readonly seed: string;
  /** Which folder is read: a start with another one does not go on with the old run. */
  readonly folder: string;
  /** What a run leaves when it is complete: the next start begins afresh. */
  readonly finished: string;
  readonly reportFolder: string;
  readonly report: string;
  readonly comparison: string;
  /** All that the job without our parts writes. */
  readonly bareFolder: string;
}

/** @param here - the folder of the example; kintsugi.yaml names the same places. */
export function placesIn(here: string): Places {
  const inData = (name: string): string => join(here, ".kintsugi", name);
  const inOut = (name: string): string => join(here, "out", name);
  return {
    config: join(here, "kintsugi.yaml"),
    dataDir: join(here, ".kintsugi"),
    ledger: inData("ledger.jsonl"),
    address: inData("model-server.json"),
    seed: inData("seed"),
    folder: inData("folder"),
    finished: inData("finished"),
    reportFolder: join(here, "out"),
    report: inOut("report.json"),
    comparison: inOut("comparison.json"),
    bareFolder: inOut("bare"),
  };
}

import Opossum from "opossum";

import { type CallSettings, contestWay, type Way, type Work } from "./measure.ts";

async function wayOf({ what }: CallSettings): Promise<Way> {
  // It is made around one function; what is measured hands in the same one each time.
  let own: Work = async () => 0;
  const breaker = new Opossum(() => own(), {
    ...(what === "refusal" && { resetTimeout: 1_000_000_000 }),
    // No failure closes it, and its statistics keep every call that is made here.
    ...(what === "failed" && {
      errorThresholdPercentage: 100,
      rollingCountTimeout: 600_000,
      rollingCountBuckets: 10,
    }),
  });
  if (what === "refusal") {
    breaker.open();
    if (!breaker.opened) throw new Error("The circuit is not open");
  }
  return (work) => {
    own = work;
    return breaker.fire();
  };
}

await contestWay(wayOf);

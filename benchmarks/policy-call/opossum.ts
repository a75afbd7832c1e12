import Opossum from "opossum";

import { type CallSettings, contestWay, type Way, type Work } from "./measure.ts";

async function wayOf({ what }: CallSettings): Promise<Way> {
  // It is made around one function; what is measured hands in the same one each time.
  let own: Work | undefined;
  const breaker = new Opossum((work: Work) => work(), {
    ...(what === "refusal" && { resetTimeout: 1_000_000_000 }),
  });
  if (what === "refusal") {
    breaker.open();
    if (!breaker.opened) throw new Error("The circuit is not open");
  }
  return (work) => {
    own ??= work;
    return breaker.fire(own);
  };
}

await contestWay(wayOf);

/** The floor of a refusal: an async function that throws. The floor of a success is in every child. */

import { contestWay } from "./measure.ts";

await contestWay(async () => (work) => work());

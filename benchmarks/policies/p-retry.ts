import pRetry from "p-retry";

import { contestWay } from "./measure.ts";

await contestWay(async () => (work) => pRetry(() => work(), { retries: 3 }));

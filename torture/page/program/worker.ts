/** A component that beats. It hangs by SIGSTOP, as any program can, and crashes in a stranger's words by SIGUSR2. */

import { connectComponent } from "kintsugi/component";

import { hostileText } from "../hostile.ts";

connectComponent();
process.on("SIGUSR2", () => {
  console.error(hostileText);
  process.exit(3);
});

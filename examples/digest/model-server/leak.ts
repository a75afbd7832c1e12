/** A leak on purpose for a server without a supervisor: whoever started it says so over its IPC channel. */

export interface Leak {
  readonly bytesPerSecond: number;
}

const LEAK_EVERY_MS = 100;

/** Also ends with whoever started it. Without an IPC channel it does nothing. */
export function sufferLeaks(): void {
  if (!process.send) return;
  const leaked: Buffer[] = [];
  process.on("disconnect", () => process.exit());
  process.on("message", ({ bytesPerSecond }: Leak) => {
    // Written, as what was only asked for is not resident.
    const leak = () => leaked.push(Buffer.alloc((bytesPerSecond * LEAK_EVERY_MS) / 1_000, 1));
    setInterval(leak, LEAK_EVERY_MS);
  });
}

/** What a component's client does to its own process; a simulated one does it to a simulated process. */

export interface Program {
  /** Hears of SIGTERM, which then no longer ends the process by itself. */
  onTermination(listener: () => void): void;
  exit(code: number): void;
  rssBytes(): number;
  /** Lets the event loop stand still for so long. */
  block(ms: number, monotonicMs: () => number): void;
  /** Takes memory that is never given back. */
  allocate(bytes: number): void;
}

/** This process. */
export function ownProcess(): Program {
  const leaked: Buffer[] = [];
  return {
    onTermination: (listener) => void process.on("SIGTERM", listener),
    exit: (code) => process.exit(code),
    rssBytes: () => process.memoryUsage.rss(),
    block(ms, monotonicMs) {
      const untilMs = monotonicMs() + ms;
      while (monotonicMs() < untilMs);
    },
    // Written, as what was only asked for is not resident.
    allocate: (bytes) => void leaked.push(Buffer.alloc(bytes, 1)),
  };
}

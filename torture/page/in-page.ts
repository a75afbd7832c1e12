/**
 * What is noted inside the page, before any script of its own runs. The functions are sent to the browser as
 * text: they use nothing but what is in them.
 */

/** One message of the live feed, as it came over the line. */
export interface FeedMessage {
  readonly type: string;
  readonly lastId: string | null;
  readonly factIds: readonly number[];
  readonly atMs: number;
}

/** How a request for the feed began. */
export interface FeedRequest {
  readonly lastEventId: string | null;
  readonly status: number;
}

export interface Notes {
  /** Each `data-state` of the main element, when it came, and what the page then said. */
  readonly states: { readonly state: string; readonly atMs: number; readonly words: string }[];
  /** Ids of facts that were seen on the page, and when each had been painted first. */
  readonly facts: Record<string, number>;
  /** Ids that stood on the page twice at one moment. */
  readonly doubled: string[];
  readonly requests: FeedRequest[];
  readonly messages: FeedMessage[];
  /** Batches of changes: one for each turn in which the page was written. */
  batches: number;
  readonly violations: string[];
}

declare global {
  var __notes: Notes;
  var __pwned: unknown;
}

/** Notes states, and whatever violates the page's own policy. */
export function takeNotes(): void {
  const notes: Notes = {
    states: [],
    facts: {},
    doubled: [],
    requests: [],
    messages: [],
    batches: 0,
    violations: [],
  };
  globalThis.__notes = notes;
  document.addEventListener("securitypolicyviolation", (event) => {
    notes.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
  });
  const observer = new MutationObserver(() => {
    notes.batches += 1;
    const state = document.querySelector("main")?.dataset["state"] ?? "none";
    if (notes.states.at(-1)?.state === state) return;
    notes.states.push({ state, atMs: Date.now(), words: document.body?.innerText ?? "" });
  });
  const [subtree, childList, characterData, attributes] = [true, true, true, true];
  observer.observe(document, { subtree, childList, characterData, attributes });
}

/** Notes when each fact was painted first, and which stood there twice. */
export function countFacts(): void {
  const { facts, doubled } = globalThis.__notes;
  const afterPaint = (fn: () => void): void => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = fn;
      port2.postMessage(null);
    });
  };
  const observer = new MutationObserver(() => {
    const elements = document.querySelectorAll<HTMLElement>("[data-fact-id]");
    const ids = [...elements].map((element) => element.dataset["factId"] ?? "");
    const seen = new Set<string>();
    for (const id of ids) {
      if (seen.has(id)) doubled.push(id);
      seen.add(id);
    }
    const fresh = [...seen].filter((id) => !(id in facts));
    for (const id of fresh) facts[id] = 0;
    afterPaint(() => {
      for (const id of fresh) facts[id] = Date.now();
    });
  });
  const [subtree, childList] = [true, true];
  observer.observe(document, { subtree, childList, attributeFilter: ["data-fact-id"] });
}

/** Reads the live feed along with the page. */
export function overhear(): void {
  const { fetch } = globalThis;
  const take = (block: string): void => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
    const text = field("data");
    if (text === undefined) return;
    const { facts = [] } = JSON.parse(text) as { facts?: { id: number }[] };
    globalThis.__notes.messages.push({
      type: field("event") ?? "message",
      lastId: field("id") ?? null,
      factIds: facts.map(({ id }) => id),
      atMs: Date.now(),
    });
  };
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    let rest = "";
    const reader = body.pipeThrough(new TextDecoderStream() as never).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + String(value)).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) take(block);
    }
  };
  globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    const url = input instanceof Request ? input.url : String(input);
    if (!url.includes("/api/v1/live") || !response.ok || !response.body) return response;
    const headers = new Headers(input instanceof Request ? input.headers : init?.headers);
    const lastEventId = headers.get("last-event-id");
    globalThis.__notes.requests.push({ lastEventId, status: response.status });
    const [own, ours] = response.body.tee();
    read(ours).catch(() => {}); // The runtime died in the middle of a sentence.
    return new Response(own, response);
  };
}

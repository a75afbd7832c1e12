/**
 * A model server with the wire format of OpenAI's chat completions, and the manners of a real provider:
 * limits, errors, slow answers, silence. A fault plan adds a hang, a leak and a crash.
 *
 *     node --conditions=source model-server/main.ts --address <file> --ledger <file>
 *       [--seed <text> | --seed-file <file>] [--failures <share, 0..1>] [--delay <milliseconds>]
 *
 * It listens on a free port of the loopback and says where in the address file. Before it acts on a call
 * it appends a line to the ledger. Which document a call is about, it reads in the request's `metadata`.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { connectComponent } from "kintsugi/component";

import { sufferLeaks } from "./leak.ts";
import { type LedgerLine, openLedger } from "./ledger.ts";
import { moodFor, type Temper } from "./misbehave.ts";
import { summarise } from "./summarise.ts";

const BODY_LIMIT_BYTES = 4 * 2 ** 20;

const { values: options } = parseArgs({
  options: {
    address: { type: "string" },
    ledger: { type: "string" },
    seed: { type: "string", default: "kintsugi" },
    "seed-file": { type: "string" },
    failures: { type: "string", default: "0" },
    delay: { type: "string", default: "150" },
  },
});
if (!options.address || !options.ledger) {
  console.error("The model server needs --address <file> and --ledger <file>");
  process.exit(2);
}
const { address } = options;

const incarnation = Number(process.env["KINTSUGI_INCARNATION"] ?? 1);
const seed = seedOf(options["seed-file"], options.seed);
let temper: Temper = { failureRate: Number(options.failures), delayMs: Number(options.delay) };

mkdirSync(dirname(address), { recursive: true });
mkdirSync(dirname(options.ledger), { recursive: true });
const ledger = openLedger(options.ledger);

const component = connectComponent({
  onFault: (fault) => {
    if (fault.fault === "fail-calls") temper = { ...temper, failureRate: fault.rate };
  },
});
sufferLeaks();

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error("A request failed:", error);
    response.destroy();
  });
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    `${address}.new`,
    `${JSON.stringify({ baseUrl: `http://127.0.0.1:${port}/v1` })}\n`,
  );
  renameSync(`${address}.new`, address);
  console.log(`The model server listens on 127.0.0.1:${port}`);
});

component.signal.addEventListener("abort", () => {
  server.close(() => component.close());
  server.closeAllConnections();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    send(response, 404, failure("not_found", "Only POST /v1/chat/completions is served here"));
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    send(response, 413, failure("too_large", `A request takes ${BODY_LIMIT_BYTES} bytes at most`));
    return;
  }
  const asked = questionIn(body);
  if (asked === undefined) {
    send(
      response,
      400,
      failure("invalid_request_error", "messages must hold a message with content"),
    );
    return;
  }
  const call = callOf(request, asked.document);
  ledger.write({ what: "asked", ...call });
  const mood = moodFor(seed, call.document, ledger.failuresOf(call.document), temper);
  if (mood.kind !== "well") ledger.write({ what: "failed", ...call });
  switch (mood.kind) {
    case "silent":
      return; // The caller's own time-out has to end this one.
    case "broken":
      send(response, 500, failure("server_error", "The server had an error while processing"));
      return;
    case "rate-limited":
      response.setHeader("retry-after-ms", String(mood.retryAfterMs));
      response.setHeader("retry-after", String(Math.ceil(mood.retryAfterMs / 1_000)));
      send(response, 429, failure("rate_limit_exceeded", "Rate limit reached for requests"));
      return;
    case "well":
      setTimeout(() => complete(call, response, asked.text), mood.delayMs);
  }
}

type Call = Omit<LedgerLine, "what">;

/** A caller who does not name a document is known by his key. */
function callOf({ headers }: IncomingMessage, document: string | undefined): Call {
  const key = String(headers["idempotency-key"] ?? "");
  const attempt = Number(headers["x-attempt"] ?? 1);
  return { document: document ?? key, key, attempt, incarnation };
}

function complete(call: Call, response: ServerResponse, text: string): void {
  const summary = summarise(text);
  ledger.write({ what: "answered", ...call });
  send(response, 200, {
    id: `chatcmpl-${call.key}`,
    object: "chat.completion",
    created: 0,
    model: "extractive-1",
    choices: [
      { index: 0, finish_reason: "stop", message: { role: "assistant", content: summary } },
    ],
    usage: {
      prompt_tokens: Math.ceil(text.length / 4),
      completion_tokens: Math.ceil(summary.length / 4),
      total_tokens: Math.ceil((text.length + summary.length) / 4),
    },
  });
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The last message of a request, and what it is about; undefined where there is no message. */
function questionIn(body: string): { text: string; document: string | undefined } | undefined {
  try {
    const { messages, metadata } = JSON.parse(body) as {
      readonly messages?: readonly { readonly content?: unknown }[];
      readonly metadata?: { readonly document?: unknown };
    };
    const text = messages?.at(-1)?.content;
    const document = metadata?.document;
    if (typeof text !== "string") return undefined;
    return { text, document: typeof document === "string" ? document : undefined };
  } catch {
    return undefined; // No JSON: the caller is told what a request looks like.
  }
}

function seedOf(file: string | undefined, otherwise: string): string {
  return file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : otherwise;
}

const failure = (code: string, message: string) => ({ error: { code, type: code, message } });

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

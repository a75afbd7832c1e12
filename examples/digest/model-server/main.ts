/**
 * A model server with the wire format of OpenAI's chat completions, and the manners of a real provider:
 * limits, errors, slow answers, silence. A fault plan adds a hang, a leak and a crash.
 *
 *     node --conditions=source model-server/main.ts --address <file> --ledger <file> [--seed <text>]
 *
 * It listens on a free port of the loopback and says where in the address file. Before each answer it
 * appends a line to the ledger, so that a stranger can count afterwards what was asked for how often.
 */

import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { connectComponent } from "kintsugi/component";

import { createMoods, type Temper } from "./misbehave.ts";
import { summarise } from "./summarise.ts";

const BODY_LIMIT_BYTES = 4 * 2 ** 20;

const { values: options } = parseArgs({
  options: {
    address: { type: "string" },
    ledger: { type: "string" },
    seed: { type: "string", default: "kintsugi" },
    delay: { type: "string", default: "150" },
  },
});
if (!options.address || !options.ledger) {
  console.error("The model server needs --address <file> and --ledger <file>");
  process.exit(2);
}
const { address, ledger } = { address: options.address, ledger: options.ledger };

const incarnation = Number(process.env["KINTSUGI_INCARNATION"] ?? 1);
const mood = createMoods(options.seed, incarnation);
let temper: Temper = { failureRate: 0, delayMs: Number(options.delay) };

const component = connectComponent({
  onFault: (fault) => {
    if (fault.fault === "fail-calls") temper = { ...temper, failureRate: fault.rate };
  },
});

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error("A request failed:", error);
    response.destroy();
  });
});

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  mkdirSync(dirname(address), { recursive: true });
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
  const text = promptOf(body);
  if (text === undefined) {
    send(
      response,
      400,
      failure("invalid_request_error", "messages must hold a message with content"),
    );
    return;
  }
  const state = mood(temper);
  switch (state.kind) {
    case "silent":
      return; // The caller's own time-out has to end this one.
    case "broken":
      send(response, 500, failure("server_error", "The server had an error while processing"));
      return;
    case "rate-limited":
      response.setHeader("retry-after-ms", String(state.retryAfterMs));
      response.setHeader("retry-after", String(Math.ceil(state.retryAfterMs / 1_000)));
      send(response, 429, failure("rate_limit_exceeded", "Rate limit reached for requests"));
      return;
    case "well":
      setTimeout(() => complete(request, response, text), state.delayMs);
  }
}

function complete(request: IncomingMessage, response: ServerResponse, text: string): void {
  const key = String(request.headers["idempotency-key"] ?? "");
  const summary = summarise(text);
  const line = { key, attempt: Number(request.headers["x-attempt"] ?? 1), incarnation };
  appendFileSync(ledger, `${JSON.stringify(line)}\n`);
  send(response, 200, {
    id: `chatcmpl-${key}`,
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

/** The last message of a request, or undefined where there is none. */
function promptOf(body: string): string | undefined {
  try {
    const { messages } = JSON.parse(body) as { messages?: readonly { content?: unknown }[] };
    const content = messages?.at(-1)?.content;
    return typeof content === "string" ? content : undefined;
  } catch {
    return undefined; // No JSON: the caller is told what a request looks like.
  }
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

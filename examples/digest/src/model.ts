/** The model as this program calls it: chat completions under policies, here or at a real provider. */

import { readFileSync } from "node:fs";
import { checkResponse, ResilientExecutorFactory } from "@kintsugi/policy";
import type { StepContext } from "kintsugi/workflow";

import { contentOf, promptFor } from "./prompt.ts";

export interface ModelOptions {
  /** File in which the local model server says where it listens. */
  readonly addressFile: string;
  /** Path of the text. A real provider is not told. */
  readonly document: string;
}

/**
 * Asks for a summary of `text`; `calls` counts how often the model was asked for it.
 *
 * @throws the last error, classified, when the policies give up.
 */
export async function askForSummary(
  { addressFile, document }: ModelOptions,
  text: string,
  { signal, idempotencyKey }: StepContext,
): Promise<{ readonly summary: string; readonly calls: number }> {
  const executor = ResilientExecutorFactory.forLLM("model");
  const result = await executor.execute(async (call) => {
    const { baseUrl, key, model } = provider(addressFile);
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: "POST",
      signal: call.signal,
      headers: {
        "content-type": "application/json",
        "idempotency-key": idempotencyKey,
        "x-attempt": String(call.attempt),
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: promptFor(model, text, key === undefined ? document : undefined),
    });
    return contentOf(await refused(await checkResponse(response)));
  }, signal);
  if (result.success) {
    return { summary: result.data, calls: result.attempts };
  }
  throw result.error;
}

/** The address is read for each call: a model server that was restarted listens elsewhere. */
function provider(addressFile: string): { baseUrl: string; key?: string; model: string } {
  const { OPENAI_BASE_URL: url, OPENAI_API_KEY: key, OPENAI_MODEL: model } = process.env;
  if (url && key) return { baseUrl: url.replace(/\/$/, ""), key, model: model ?? "gpt-4o-mini" };
  const { baseUrl } = JSON.parse(readFileSync(addressFile, "utf8")) as { baseUrl: string };
  return { baseUrl, model: "extractive-1" };
}

/** A wrong key or an unknown model: the classifier reads the status, and nobody asks again in vain. */
async function refused(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  const said = (await response.text()).slice(0, 300);
  const error = new Error(`The model's server refused with ${response.status}: ${said}`);
  throw Object.assign(error, { status: response.status });
}

/** What the model is asked, and where its answer stands: the wire format of OpenAI's chat completions. */

/** A prompt longer than this says no more about a document. */
const LONGEST_PROMPT = 24_000;

/**
 * The body of a request for a summary.
 *
 * @param document - named in `metadata`, for the model server of this folder: OpenAI itself takes no
 * `metadata` from callers who do not want their answers stored.
 */
export const promptFor = (model: string, text: string, document?: string): string =>
  JSON.stringify({
    model,
    messages: [
      { role: "system", content: "Summarise the document in two sentences." },
      { role: "user", content: text.slice(0, LONGEST_PROMPT) },
    ],
    ...(document !== undefined && { metadata: { document } }),
  });

/** @throws {Error} when the answer is none. */
export function contentOf(body: unknown): string {
  const { choices } = body as { choices?: readonly { message?: { content?: unknown } }[] };
  const content = choices?.[0]?.message?.content;
  if (typeof content === "string") return content;
  throw new Error("The model's answer has no choices[0].message.content");
}

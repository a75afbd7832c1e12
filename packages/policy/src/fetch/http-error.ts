/** An answer that is a failure, as an error that the classifier can read. */

import { KintsugiError } from "../base/index.ts";

/** Enough for any error report; a page of HTML is cut. */
const LONGEST_BODY = 16_384;

/** The server answered, and the answer was that it could not. */
export class HttpError extends KintsugiError {
  override readonly name = "HttpError";
  readonly code = "KINTSUGI_HTTP_ERROR";
  readonly status: number;
  readonly headers: Headers;
  /** The text of the answer, at most 16,384 characters of it. */
  readonly body: string;

  constructor(response: Pick<Response, "url" | "status" | "headers">, body: string) {
    super(`${addressOf(response.url)} answered ${response.status}`);
    this.status = response.status;
    this.headers = response.headers;
    this.body = body.slice(0, LONGEST_BODY);
  }
}

/** Answers that say "not now": to wait, to try again or to ask elsewhere may help. */
export const isFailedStatus = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/**
 * Returns the answer, unless its status says that the server failed or wants to be left alone. Other
 * statuses, such as 404, are answers.
 *
 * @throws {@link HttpError} at 408, 425, 429 and from 500 up.
 */
export async function checkResponse(response: Response): Promise<Response> {
  if (!isFailedStatus(response.status)) return response;
  throw new HttpError(response, await beginningOf(response));
}

/** What was read so far counts, when the body breaks off or is too long. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < LONGEST_BODY) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // The connection broke in the middle of the report: the status alone has to do.
  }
  // Frees the connection; whether the server minds is not ours to wait for.
  reader.cancel().catch(() => {});
  return text;
}

/** Without the query: keys and names of people stand there, and messages end up in logs. */
function addressOf(url: string): string {
  return url === "" ? "The server" : (url.split(/[?#]/, 1)[0] ?? url);
}

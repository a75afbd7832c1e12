/** The keys for the values of runs: the configuration says where each lies, and never what it is. */

import { KintsugiError, toError } from "@kintsugi/policy/base";

import type { KeyConfig, KintsugiConfig } from "../config/index.ts";
import type { Host } from "../host/index.ts";
import type { EmbeddedEngineOptions, EncryptionKey } from "../workflow/index.ts";

/** A key that the configuration names could not be read. */
class KeyUnreadableError extends KintsugiError {
  override readonly name = "KeyUnreadableError";
  readonly code = "KINTSUGI_KEY_UNREADABLE";
  readonly keyId: string;

  constructor(keyId: string, why: string) {
    super(`Key "${keyId}" of workflows.encryption cannot be read: ${why}`);
    this.keyId = keyId;
  }
}

/**
 * What the engine is told about the values of runs.
 *
 * @throws {@link KeyUnreadableError} when a variable is not set or a file cannot be read.
 */
export function valueOptions(
  { compressFrom, encryption }: KintsugiConfig["workflows"],
  host: Pick<Host, "env" | "files">,
): Pick<EmbeddedEngineOptions, "compressFrom" | "encryption"> {
  if (!encryption) return compressFrom === undefined ? {} : { compressFrom };
  const { keys, current } = encryption;
  return {
    ...(compressFrom !== undefined && { compressFrom }),
    encryption: { current, keys: keys.map((key) => keyFrom(key, host)) },
  };
}

function keyFrom(
  { id, source }: KeyConfig,
  { env, files }: Pick<Host, "env" | "files">,
): EncryptionKey {
  if (source.kind === "env") {
    const secret = env[source.name];
    if (secret) return { id, secret };
    throw new KeyUnreadableError(id, `the variable ${source.name} is not set`);
  }
  try {
    const secret = files.read(source.path);
    if (secret) return { id, secret };
  } catch (error) {
    throw new KeyUnreadableError(id, toError(error).message);
  }
  throw new KeyUnreadableError(id, `the file ${source.path} is not there, or empty`);
}

/** The keys with which values are encrypted: one writes, all read. AES-256-GCM, NIST SP 800-38D. */

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";

import type { Random } from "@kintsugi/policy/base";

/** A key of 32 bytes, and the name that records know it by. */
export interface EncryptionKey {
  /** Letters, digits, dots, dashes and underscores, at most 64. Written into each record. */
  readonly id: string;
  /** 32 bytes, as they are, in hexadecimal or in base64. */
  readonly secret: Uint8Array | string;
}

export interface EncryptionOptions {
  /** All keys that records may have been written with. A new one may stand here before it is used. */
  readonly keys: readonly EncryptionKey[];
  /** The id of the key that is used from now on. */
  readonly current: string;
}

/** Why a sealed text cannot be opened, in the second half of a sentence. */
export class SealBrokenError extends Error {
  override readonly name = "SealBrokenError";
  /** The key that it needs. */
  readonly keyId: string | undefined;

  constructor(why: string, keyId?: string) {
    super(why);
    this.keyId = keyId;
  }
}

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** What the standard recommends; by chance, as records of one key must never share one. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class Keyring {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #random: Random;
  readonly #currentId: string;
  readonly #current: KeyObject;

  /** @throws {@link RangeError} that names the key by its id; never what it is. */
  constructor({ keys, current }: EncryptionOptions, random: Random) {
    const known = new Map<string, KeyObject>();
    for (const { id, secret } of keys) {
      if (!/^[\w.-]{1,64}$/.test(id)) {
        throw new RangeError("The id of a key must be 1 to 64 letters, digits, dots, - and _");
      }
      if (known.has(id)) throw new RangeError(`Two keys have the id "${id}"`);
      known.set(id, keyOf(id, secret));
    }
    const found = known.get(current);
    if (!found) {
      const ids = known.size === 0 ? "none" : [...known.keys()].join(", ");
      throw new RangeError(`encryption.current is "${current}", which is none of the keys: ${ids}`);
    }
    this.#keys = known;
    this.#random = random;
    this.#currentId = current;
    this.#current = found;
  }

  /** The key's id and, in base64, nonce, text and tag. `place` is what it holds good for. */
  encrypt(bytes: Uint8Array, place: string): string {
    const nonce = nonceOf(this.#random.uuid());
    const cipher = createCipheriv(CIPHER, this.#current, nonce);
    cipher.setAAD(Buffer.from(place));
    const parts = [nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
    return `${this.#currentId}:${Buffer.concat(parts).toString("base64")}`;
  }

  /** @throws {@link SealBrokenError} that names the key. */
  decrypt(body: string, place: string): Buffer {
    const colon = body.indexOf(":");
    const keyId = body.slice(0, colon);
    const key = this.#keys.get(keyId);
    if (!key)
      throw new SealBrokenError(`it is encrypted with key "${keyId}", which was not given`, keyId);
    const bytes = Buffer.from(body.slice(colon + 1), "base64");
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const cipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(place));
      cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, cipher.final()]);
    } catch {
      // The checksum was right, so these are the bytes that were written: it is the key that is wrong.
      const why = `the key "${keyId}" that was given is not the one that it was encrypted with`;
      throw new SealBrokenError(why, keyId);
    }
  }
}

/** Those bytes of the UUID that are all chance: its version and variant lie in the sixth and eighth. */
function nonceOf(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  return Buffer.concat([bytes.subarray(0, 6), bytes.subarray(7, 8), bytes.subarray(9, 14)]);
}

function keyOf(id: string, secret: Uint8Array | string): KeyObject {
  const bytes = typeof secret === "string" ? bytesOf(secret.trim()) : secret;
  if (bytes.length === KEY_BYTES) return createSecretKey(bytes);
  throw new RangeError(
    `Key "${id}" must be ${KEY_BYTES} bytes, as they are, in hexadecimal or in base64; it has ${bytes.length}`,
  );
}

function bytesOf(text: string): Uint8Array {
  const isHex = /^[\da-f]{64}$/i.test(text);
  return Buffer.from(text, isHex ? "hex" : "base64");
}

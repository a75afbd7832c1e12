/**
 * Seals texts of values for the store: each carries a version, a checksum over itself and the place
 * that it was written for, and is compressed and encrypted where that is wanted. A flipped bit, and a
 * record that stands where another belongs, are found out when it is opened.
 *
 *     ~1p1a2b3c4d{"paid":true}      version 1, plain, CRC-32, text
 *     ~1z1a2b3c4dKLUv...            compressed, base64
 *     ~1e1a2b3c4dkey-id:Xk3...      encrypted: the key's id; nonce, text and tag in base64
 *     ~1x1a2b3c4dkey-id:Xk3...      compressed, then encrypted
 *
 * CRC-32 as in ISO 3309 finds every error burst of up to 32 bits, and misses one in four billion others.
 * It is no proof against people who write to the file; encryption is (AES-256-GCM, NIST SP 800-38D).
 */

import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";

import { type Keyring, SealBrokenError } from "./keyring.ts";

export interface SealOptions {
  /** Texts of so many characters or more are compressed. @defaultValue none are */
  readonly compressFrom?: number | undefined;
  /** @defaultValue nothing is encrypted */
  readonly keyring?: Keyring | undefined;
}

const MARK = "~";
const VERSION = "1";

/** Mark, version, kind and checksum. */
const HEAD_LENGTH = 11;

/** Four bytes for each character that a text may have: what is larger was no text of ours. */
const MAX_BYTES = 4 * 16 * 2 ** 20;

/** The quickest: at 1 MiB of JSON 3 ms to a fifth of its size; level 3 takes twice as long. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export class Seal {
  readonly #compressFrom: number;
  readonly #keyring: Keyring | undefined;

  constructor({ compressFrom = Infinity, keyring }: SealOptions = {}) {
    this.#compressFrom = compressFrom;
    this.#keyring = keyring;
  }

  close(text: string, place: string): string {
    const isLong = text.length >= this.#compressFrom;
    if (!isLong && this.#keyring === undefined) return head("p", text, place) + text;
    const bytes = isLong ? zstdCompressSync(text, COMPRESSION) : Buffer.from(text);
    if (this.#keyring === undefined) {
      const body = bytes.toString("base64");
      return head("z", body, place) + body;
    }
    const kind = isLong ? "x" : "e";
    const body = this.#keyring.encrypt(bytes, kind + place);
    return head(kind, body, place) + body;
  }

  /**
   * Texts of the time before there were seals are given back as they are.
   *
   * @throws {@link SealBrokenError} when it is not what was closed for this place.
   */
  open(sealed: string, place: string): string {
    if (sealed[0] !== MARK) return sealed;
    if (sealed[1] !== VERSION) throw new SealBrokenError("a newer program has written it");
    const kind = sealed[2] ?? "";
    const body = sealed.slice(HEAD_LENGTH);
    if (sealed.slice(0, HEAD_LENGTH) !== head(kind, body, place)) {
      throw new SealBrokenError(
        "its checksum does not fit, so it was damaged, or written for another place",
      );
    }
    switch (kind) {
      case "p":
        return body;
      case "z":
        return decompress(Buffer.from(body, "base64"));
      case "e":
        return this.#decrypt(body, kind + place).toString();
      case "x":
        return decompress(this.#decrypt(body, kind + place));
      default:
        throw new SealBrokenError("a newer program has written it");
    }
  }

  #decrypt(body: string, place: string): Buffer {
    const keyId = body.slice(0, body.indexOf(":"));
    if (this.#keyring) return this.#keyring.decrypt(body, place);
    throw new SealBrokenError(`it is encrypted with key "${keyId}", which was not given`, keyId);
  }
}

const head = (kind: string, body: string, place: string): string =>
  MARK + VERSION + kind + inHex(checksum(body, kind + place));

/** Of both, one behind the other. Short ones are joined: a second call costs more than that. */
const checksum = (body: string, place: string): number =>
  body.length < LONG ? crc32(place + body) : crc32(body, crc32(place));

const LONG = 1_024;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Eight digits, in a tenth of the time of `toString` and `padStart`. */
const inHex = (word: number): string =>
  `${HEX[word >>> 24]}${HEX[(word >>> 16) & 255]}${HEX[(word >>> 8) & 255]}${HEX[word & 255]}`;

function decompress(bytes: Buffer): string {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_BYTES }).toString();
  } catch {
    throw new SealBrokenError("it cannot be decompressed"); // The reason names bytes, and helps nobody.
  }
}

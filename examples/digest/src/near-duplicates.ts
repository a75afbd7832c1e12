/**
 * Near-duplicates by MinHash (Broder, 1997): the share of equal minima estimates how many of the
 * five-word shingles two texts have in common. 64 minima give a standard error of about 0.06.
 */

const HASHES = 64;
const SHINGLE_WORDS = 5;
/** Documents that share this much are the same text for a reader. */
const ALIKE = 0.8;

export type Signature = readonly number[];

export function signatureOf(text: string): Signature {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const minima = new Array<number>(HASHES).fill(0xffffffff);
  const last = Math.max(1, words.length - SHINGLE_WORDS + 1);
  for (let start = 0; start < last; start += 1) {
    const shingle = fnv1a(words.slice(start, start + SHINGLE_WORDS).join(" "));
    for (let row = 0; row < HASHES; row += 1) {
      const value = scramble(shingle ^ Math.imul(row + 1, 0x9e3779b9));
      if (value < (minima[row] ?? 0)) minima[row] = value;
    }
  }
  return minima;
}

export function likeness(a: Signature, b: Signature): number {
  return a.filter((value, row) => value === b[row]).length / HASHES;
}

/** Groups of two and more that are alike, by the first of each group; deterministic in its input's order. */
export function groupNearDuplicates(
  documents: readonly { readonly path: string; readonly signature: Signature }[],
): readonly (readonly string[])[] {
  const groups: { first: Signature; paths: string[] }[] = [];
  for (const { path, signature } of documents) {
    const group = groups.find(({ first }) => likeness(first, signature) >= ALIKE);
    if (group) group.paths.push(path);
    else groups.push({ first: signature, paths: [path] });
  }
  return groups.filter(({ paths }) => paths.length > 1).map(({ paths }) => paths);
}

function fnv1a(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** The finaliser of MurmurHash3 (Appleby), 32 bits. */
function scramble(word: number): number {
  let value = word ^ (word >>> 16);
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

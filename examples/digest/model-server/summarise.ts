/**
 * An extractive summary: the sentences whose words the text repeats most, in their own order.
 * After Luhn, "The Automatic Creation of Literature Abstracts" (1958). The same text gives the same summary.
 */

const SENTENCES = 2;
const LONGEST = 280;

const stopWords = new Set(
  "a an and are as at be but by can do for from has have if in into is it its no not of on or so such that the their then there these they this to was we were will with you your".split(
    " ",
  ),
);

export function summarise(text: string): string {
  const sentences = sentencesOf(text);
  const weight = new Map<string, number>();
  for (const word of sentences.flatMap(wordsOf)) weight.set(word, (weight.get(word) ?? 0) + 1);
  const scored = sentences.map((sentence, index) => {
    const words = wordsOf(sentence);
    const sum = words.reduce((total, word) => total + (weight.get(word) ?? 0), 0);
    return { sentence, index, score: sum / (words.length + 4) };
  });
  const best = scored
    .toSorted((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, SENTENCES);
  const summary = best
    .toSorted((a, b) => a.index - b.index)
    .map(({ sentence }) => sentence)
    .join(" ");
  return summary.length > LONGEST ? `${summary.slice(0, LONGEST - 1)}…` : summary;
}

/** Markdown's marks, links, tables and code say nothing in a summary. */
function sentencesOf(text: string): readonly string[] {
  const prose = text
    .replace(/```[\s\S]*?```|^\s*\|.*$/gm, " ")
    .replace(/<[^>]+>/g, " ")
    .replace(/!\[[^\]]*\]\([^)]*\)/g, " ")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^[#>*\-|=\s]+/gm, "")
    .replace(/[`*_|]/g, "");
  return prose
    .split(/(?<=[.!?])\s+|\n{2,}/)
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter((sentence) => sentence.length >= 30 && sentence.length <= 400 && isProse(sentence))
    .slice(0, 400);
}

const isProse = (sentence: string): boolean =>
  (sentence.match(/\p{L}/gu)?.length ?? 0) > sentence.length * 0.65;

function wordsOf(sentence: string): readonly string[] {
  const words = sentence.toLowerCase().match(/\p{L}{3,}/gu) ?? [];
  return words.filter((word) => !stopWords.has(word));
}

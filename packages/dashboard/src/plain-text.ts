/**
 * Text of others, made so that it can only be read: names, messages, summaries, notes, payloads.
 *
 * Markup in it is harmless already, as nothing here is ever set as HTML. What is left are characters
 * that are not seen, or that turn the direction of those around them (CVE-2021-42574).
 */

/** Longer text is nobody's to read on this page; the terminal shows it in full. */
const LONGEST = 2_000;

const PICTURES = 0x2400;
const DELETE = 0x7f;

/** Control characters become their pictures (U+2400 and on), what formats or is broken U+FFFD. */
export function plain(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(PICTURES + code);
    return code === DELETE ? "\u2421" : "\uFFFD";
  });
}

/**
 * Blocks of documents that are written by the benchmarks. Between `<!-- bench:<name> -->` and
 * `<!-- /bench -->` stands the table of that result, with `:lines` behind the name its lines to quote.
 */

export type BlockText = (name: string, kind: "table" | "lines") => string | undefined;

const block = /<!-- bench:([a-z-]+)(:lines)? -->\n[\s\S]*?<!-- \/bench -->/g;

/** The document with its blocks as they should be. @throws {@link Error} for a name without a result. */
export function withBlocks(document: string, textOf: BlockText): string {
  return document.replace(block, (_, name: string, lines: string | undefined) => {
    const text = textOf(name, lines ? "lines" : "table");
    if (text === undefined) throw new Error(`There is no committed result of "${name}"`);
    return `<!-- bench:${name}${lines ?? ""} -->\n${text}\n<!-- /bench -->`;
  });
}

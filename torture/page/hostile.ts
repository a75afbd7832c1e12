/** What an error of somebody else's may say: markup, escapes of a terminal, letters that turn round. */

export const hostileText: string = [
  `<img src=x onerror="window.__pwned=1">`,
  "\u001b[31mred\u001b]0;title\u0007",
  "\u202egnp.exe",
  "\u0000\u009b2J",
].join(" ");

/** The part that reads the same everywhere: on the page, in a terminal, in JSON. */
export const hostileMarkup = `<img src=x onerror="window.__pwned=1">`;

/** What steers a terminal or the direction of letters; ends of lines and tabs are allowed. */
export const controlCharacters: RegExp =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

/** The terminal: lines that stay, and one progress bar below them that moves. */

import { printable } from "kintsugi/cli";

const BAR = 30;

export interface Screen {
  line(text: string): void;
  progress(done: number, total: number, note: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** Without a terminal the bar is a line for every tenth part. */
export function createScreen(out: NodeJS.WriteStream): Screen {
  let bar = "";
  let tenth = -1;
  const show = (): void => {
    if (out.isTTY && bar) out.write(`\r\x1b[2K${bar}`);
  };
  return {
    line(text) {
      if (out.isTTY) out.write("\r\x1b[2K");
      out.write(`${printable(text)}\n`);
      show();
    },
    progress(done, total, note) {
      const share = total > 0 ? done / total : 0;
      const filled = Math.round(share * BAR);
      bar = `  ${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${done} of ${total}  ${printable(note).slice(0, 30)}`;
      if (out.isTTY) show();
      else if (Math.floor(share * 10) > tenth) {
        tenth = Math.floor(share * 10);
        out.write(`  ${done} of ${total} documents\n`);
      }
    },
    end() {
      if (out.isTTY) out.write("\r\x1b[2K");
      bar = "";
    },
  };
}

/**
 * Pictures of the page for the documents: the digest while it is being mended, at three widths, in both themes.
 *
 *     npm run screenshots
 */

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";

import { type Looks, launchBrowser, type OpenPage, openPage, untilLive } from "./browser.ts";
import { type PageProgram, startProgramOn } from "./page-program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pictures = join(root, "docs/pictures");
const digest = join(root, "examples/digest");

/** A picture that weighs more is no picture for a document. */
const LARGEST_BYTES = 300_000;

/** A page that is longer is cut there: the upper part is what the pictures are for. */
const tallest = (width: number): number => Math.min(2_400, Math.floor(1_800_000 / width));

const looks: readonly Looks[] = [360, 768, 1440].flatMap((width) =>
  (["dark", "light"] as const).map((theme) => ({ width, theme })),
);

/** The incident of the plan that is shown while it is mended: by then others have been. */
const SHOWN = "model memory";

async function main(): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "kintsugi-pictures-")));
  const browser = await launchBrowser();
  const program = await startProgramOn(folder, digestIn(folder));
  try {
    const pages = await openAll(browser, program);
    await startDigest(program, folder);
    await untilMended(pages);
    const thaw = freeze(program);
    try {
      await Promise.all(pages.map(({ page }, index) => take(page, looks[index] as Looks)));
    } finally {
      thaw();
    }
  } finally {
    await browser.close();
    await program.stop();
  }
}

/** The example's own configuration, with a folder of ours for all that it writes. */
function digestIn(folder: string): string {
  const text = readFileSync(join(digest, "kintsugi.yaml"), "utf8");
  return text
    .replaceAll("./src/", `${digest}/src/`)
    .replaceAll("cwd: .", `cwd: ${digest}`)
    .replaceAll(".kintsugi", join(folder, "data"));
}

async function startDigest(program: PageProgram, folder: string): Promise<void> {
  const input = {
    folder: join(root, "node_modules"),
    reportFolder: join(folder, "out"),
    addressFile: join(program.dataDir, "model-server.json"),
    concurrency: 6,
  };
  await program.client().startRun("digest", input, { id: "digest" });
}

async function openAll(browser: Browser, program: PageProgram): Promise<readonly OpenPage[]> {
  const pages: OpenPage[] = [];
  for (const look of looks) {
    const opened = await openPage(browser, look);
    await opened.page.goto(await program.freshAddress());
    await untilLive(opened.page);
    pages.push(opened);
  }
  return pages;
}

/** Until every page shows the trouble that is to be seen under treatment. */
async function untilMended(pages: readonly OpenPage[]): Promise<void> {
  await Promise.all(
    pages.map(({ page }) =>
      page
        .locator('[data-incident][data-status="healing"]', { hasText: SHOWN })
        .waitFor({ timeout: 120_000 }),
    ),
  );
}

/** All pages show one moment: nothing goes on until the pictures are taken. The page waits for 4 s. */
function freeze(program: PageProgram): () => void {
  const pids = ["watchdog", "runtime"].map((role) => program.process(role).pid);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  return () => {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  };
}

async function take(page: OpenPage["page"], { width, theme }: Looks): Promise<void> {
  const height = Math.min(
    tallest(width),
    await page.evaluate(() => document.documentElement.scrollHeight),
  );
  await page.setViewportSize({ width, height });
  const image = await page.screenshot({ animations: "disabled" });
  mkdirSync(pictures, { recursive: true });
  const file = join(pictures, `dashboard-${width}-${theme}.png`);
  writeFileSync(file, image);
  const { size } = statSync(file);
  console.log(`  ${file.slice(root.length)}: ${width} x ${height}, ${Math.round(size / 1_000)} KB`);
  if (size > LARGEST_BYTES)
    throw new Error(`${file} weighs ${size} bytes, more than ${LARGEST_BYTES}`);
}

await main();

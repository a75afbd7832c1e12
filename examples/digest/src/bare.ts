/**
 * The same job as a careful engineer would write it with none of our parts: six packages at a time, plain
 * `fetch`, no retry, no time-out, and no record but one. What a package gave is kept as soon as the package
 * is finished, so that a crash costs nothing that was done.
 *
 *     node --conditions=source src/bare.ts --folder <folder> --address <file> --out <folder>
 *
 * Who starts it with an IPC channel is asked before each wave; until the answer it waits.
 */

import { once } from "node:events";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { findPackages, type PackageFiles, readDocument } from "./documents.ts";
import { classifyLicence } from "./licence.ts";
import { groupNearDuplicates, type Signature, signatureOf } from "./near-duplicates.ts";
import { contentOf, promptFor } from "./prompt.ts";
import { countBy, type DocumentDigest, writeReport } from "./report.ts";

/** What it says between two waves, to whoever started it. */
export interface Barrier {
  /** Packages that were handled so far, well or not. */
  readonly handled: number;
  /** Packages of the next wave. */
  readonly begins: number;
}

/** Packages in work at a time. */
const WAVE = 6;

const { values: options } = parseArgs({
  options: {
    folder: { type: "string", default: "node_modules" },
    address: { type: "string", default: "model-server.json" },
    out: { type: "string", default: "out" },
  },
});
const { folder, out } = options;
const { baseUrl } = JSON.parse(readFileSync(options.address, "utf8")) as { baseUrl: string };

interface PackageDigest {
  readonly documents: readonly DocumentDigest[];
  readonly signatures: readonly Signature[];
}

async function main(): Promise<void> {
  const packages = findPackages(folder);
  const finished: PackageDigest[] = [];
  for (let at = 0; at < packages.length; at += WAVE) {
    const wave = packages.slice(at, at + WAVE);
    await mayGoOn({ handled: at, begins: wave.length });
    for (const part of await Promise.allSettled(wave.map(digestPackage))) {
      if (part.status === "fulfilled") finished.push(part.value);
      else console.error("A package failed:", part.reason);
    }
  }
  await mayGoOn({ handled: packages.length, begins: 0 });
  const documents = finished.flatMap((part) => part.documents);
  const signatures = finished.flatMap((part) => part.signatures);
  const alike = documents.map(({ path }, index) => ({ path, signature: signatures[index] ?? [] }));
  writeReport(out, {
    folder,
    packages: finished.length,
    documents,
    licences: countBy(documents.flatMap(({ licence }) => licence ?? [])),
    nearDuplicates: groupNearDuplicates(alike),
  });
}

async function mayGoOn(question: Barrier): Promise<void> {
  if (!process.send) return;
  const answer = once(process, "message");
  process.send(question);
  await answer;
}

async function digestPackage({ name, documents: files }: PackageFiles): Promise<PackageDigest> {
  const documents: DocumentDigest[] = [];
  const signatures: Signature[] = [];
  for (const { path, kind } of files) {
    const { text, sha256 } = readDocument(folder, path);
    signatures.push(signatureOf(text));
    const summary = await summaryOf(text, path);
    const licence = kind === "licence" ? classifyLicence(text) : null;
    const words = text.split(/\s+/).length;
    documents.push({ path, package: name, kind, sha256, words, summary, calls: 1, licence });
  }
  const finished = { name, documents, signatures };
  appendFileSync(join(out, "finished.jsonl"), `${JSON.stringify(finished)}\n`);
  return finished;
}

async function summaryOf(text: string, path: string): Promise<string> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: promptFor("extractive-1", text, path),
  });
  if (!response.ok) throw new Error(`The model's server refused with ${response.status}`);
  return contentOf(await response.json());
}

process.on("disconnect", () => process.exit());
await main();
process.disconnect?.();

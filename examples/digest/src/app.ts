/** The workflows of the digest. Each package is a run of its own, each document two or three steps. */

import { defineWorkflow, type Workflow } from "kintsugi/workflow";

import { findPackages, type PackageFiles, readDocument } from "./documents.ts";
import { classifyLicence } from "./licence.ts";
import { askForSummary } from "./model.ts";
import { groupNearDuplicates, type Signature, signatureOf } from "./near-duplicates.ts";
import { countBy, type DocumentDigest, writeReport } from "./report.ts";

export interface DigestInput {
  /** The folder whose packages are read. */
  readonly folder: string;
  readonly reportFolder: string;
  readonly addressFile: string;
  /** Packages in work at a time. */
  readonly concurrency: number;
}

export interface DigestOutput {
  readonly packages: number;
  readonly documents: number;
}

interface PackageInput {
  readonly folder: string;
  readonly addressFile: string;
  readonly files: PackageFiles;
}

interface PackageDigest {
  readonly documents: readonly DocumentDigest[];
  readonly signatures: readonly Signature[];
}

/** An open circuit refuses at once, so that nobody waits in vain; a step has time, and asks again. */
const patience = { maxAttempts: 10, retryDelay: "500ms" } as const;

export const digestPackage: Workflow<PackageInput, PackageDigest> = defineWorkflow(
  "digest-package",
  async (ctx, { folder, addressFile, files }: PackageInput): Promise<PackageDigest> => {
    const documents: DocumentDigest[] = [];
    const signatures: Signature[] = [];
    for (const { path, kind } of files.documents) {
      const facts = await ctx.step(`read ${path}`, () => {
        const { text, sha256 } = readDocument(folder, path);
        return { sha256, words: text.split(/\s+/).length, signature: signatureOf(text) };
      });
      const { summary, calls } = await ctx.step(
        `summarise ${path}`,
        (context) => {
          const { text } = readDocument(folder, path);
          return askForSummary({ addressFile, document: path }, text, context);
        },
        patience,
      );
      const licence =
        kind === "licence"
          ? await ctx.step(`classify ${path}`, () =>
              classifyLicence(readDocument(folder, path).text),
            )
          : null;
      const { signature, ...rest } = facts;
      documents.push({ path, package: files.name, kind, summary, licence, calls, ...rest });
      signatures.push(signature);
    }
    return { documents, signatures };
  },
);

export const digest: Workflow<DigestInput, DigestOutput> = defineWorkflow(
  "digest",
  async (ctx, input: DigestInput): Promise<DigestOutput> => {
    const { folder, addressFile, reportFolder, concurrency } = input;
    const packages = await ctx.step("list the packages", () => findPackages(folder));
    const total = packages.reduce((sum, { documents }) => sum + documents.length, 0);
    let done = 0;
    ctx.progress(done, total);
    const parts = await ctx.all(
      packages.map((files) => async () => {
        const id = `${ctx.runId}/${files.name}`;
        const part = await ctx.child(digestPackage, { folder, addressFile, files }, { id });
        done += part.documents.length;
        ctx.progress(done, total, files.name);
        return part;
      }),
      { concurrency },
    );
    const documents = parts.flatMap((part) => part.documents);
    const signatures = parts.flatMap((part) => part.signatures);
    const nearDuplicates = await ctx.step("find near-duplicates", () =>
      groupNearDuplicates(
        documents.map(({ path }, index) => ({ path, signature: signatures[index] ?? [] })),
      ),
    );
    await ctx.step("write the report", () => {
      const licences = countBy(documents.flatMap(({ licence }) => licence ?? []));
      const counts = { folder, packages: packages.length, documents, licences, nearDuplicates };
      writeReport(reportFolder, counts);
    });
    return { packages: packages.length, documents: documents.length };
  },
);

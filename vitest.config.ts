import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const seeded = fileURLToPath(new URL("tidy/seeded-fast-check.ts", import.meta.url));

const source = {
  resolve: { conditions: ["source"], alias: { "fast-check": seeded } },
  ssr: { resolve: { conditions: ["source"] } },
};

const config: ViteUserConfig = defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "examples/**/*.test.ts",
            "benchmarks/harness/*.test.ts",
            "torture/crash/*.test.ts",
          ],
          exclude: ["**/*.process.test.ts", "**/*.ci.test.ts", "**/node_modules/**"],
          testTimeout: 30_000, // Nothing waits here; a machine may be busy.
          // The AI SDK's parser offers its TypeScript under our condition, which Node strips in no package.
          server: { deps: { inline: ["ai", /@ai-sdk/, /eventsource-parser/] } },
        },
      },
      {
        ...source,
        test: {
          name: "process",
          include: [
            "packages/*/src/**/*.process.test.ts",
            "examples/**/*.process.test.ts",
            "torture/**/*.process.test.ts",
          ],
          fileParallelism: true,
          testTimeout: 60_000,
        },
      },
      { ...source, test: { name: "tidy", include: ["tidy/**/*.test.ts"], testTimeout: 60_000 } },
    ],
  },
});

export default config;

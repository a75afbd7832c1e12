import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Suites that need root, mounts, packing or minutes; one after the other. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["torture/**/*.ci.test.ts"],
    fileParallelism: false,
    testTimeout: 20 * 60_000,
    hookTimeout: 5 * 60_000,
  },
});

export default config;

import { defineConfig, mergeConfig, type ViteUserConfig } from "vitest/config";

import config from "./vitest.config.ts";

/** Every property from a seed of its own: what a fixed seed will never meet is found here. */
const explore: ViteUserConfig = mergeConfig(
  config,
  defineConfig({ test: { env: { PROPERTY_SEED: "fresh" } } }),
);

export default explore;

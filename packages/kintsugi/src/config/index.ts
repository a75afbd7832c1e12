/** kintsugi.yaml: what may be written, how it is read, and all that is wrong with it. */

export { type ConfigFault, type Place, printFaults } from "./faults.ts";
export {
  ConfigError,
  defaultConfig,
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
} from "./load.ts";
export { configSchema } from "./schema.ts";
export type {
  CallConfig,
  ChaosEntry,
  ComponentConfig,
  KeyConfig,
  KintsugiConfig,
  TriggerConfig,
} from "./types.ts";
export type { ConfigInput } from "./written.ts";

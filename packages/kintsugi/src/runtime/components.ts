/** Components as the configuration names them, as the supervisor takes them. */

import type { ComponentConfig, KintsugiConfig } from "../config/index.ts";
import type { ComponentSpec, Kernel } from "../supervise/index.ts";
import { loadModule, ModuleUnusableError } from "./modules.ts";

/** Where a kernel comes from when no module is named: given in code, by the component's name. */
export type Kernels = Readonly<Record<string, () => Promise<Kernel> | Kernel>>;

/** What a process gets of the program's own environment; the rest is said in its `env`. */
const INHERITED = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "NODE_EXTRA_CA_CERTS"];

export function componentSpecs(
  config: KintsugiConfig,
  env: Readonly<Record<string, string | undefined>>,
  kernels: Kernels,
): readonly ComponentSpec[] {
  return Object.entries(config.components).map(([name, component]) =>
    specOf(name, component, config, env, kernels),
  );
}

function specOf(
  name: string,
  component: ComponentConfig,
  { supervisor, chaos }: KintsugiConfig,
  env: Readonly<Record<string, string | undefined>>,
  kernels: Kernels,
): ComponentSpec {
  const { intensity, periodMs } = supervisor;
  const common = {
    name,
    restart: { restart: component.restart, intensity, periodMs },
    heartbeatMs: component.heartbeatMs,
    shutdownMs: component.shutdownMs,
    dependsOn: component.dependsOn,
  };
  if (component.kind === "kernel") {
    return { ...common, kind: "kernel", load: kernelLoader(name, component, kernels) };
  }
  const inherited = INHERITED.flatMap((key): [string, string][] => {
    const value = env[key];
    return value === undefined ? [] : [[key, value]];
  });
  return {
    ...common,
    kind: "process",
    command: component.command ?? "",
    args: component.args ?? [],
    cwd: component.cwd ?? ".",
    env: {
      ...Object.fromEntries(inherited),
      ...component.env,
      ...(chaos.enabled && { KINTSUGI_CHAOS: "1" }),
    },
    beats: component.beats ?? false,
    ...(component.memoryLimitBytes !== undefined && {
      memoryLimitBytes: component.memoryLimitBytes,
    }),
  };
}

function kernelLoader(
  name: string,
  { module }: ComponentConfig,
  kernels: Kernels,
): () => Promise<Kernel> {
  return async () => {
    const given = kernels[name];
    if (given) return given();
    if (module === undefined)
      throw new ModuleUnusableError(name, "no kernel of this name is given");
    const exports = await loadModule(module);
    const kernel = [exports["kernel"], exports["default"], ...Object.values(exports)].find(
      isKernel,
    );
    if (kernel) return kernel;
    throw new ModuleUnusableError(module, "it exports no kernel, an object with initialize(ctx)");
  };
}

const isKernel = (value: unknown): value is Kernel =>
  typeof value === "object" &&
  value !== null &&
  "initialize" in value &&
  typeof value.initialize === "function";

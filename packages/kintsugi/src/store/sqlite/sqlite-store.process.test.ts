import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "@kintsugi/policy/base";
import { describe, it, onTestFinished } from "vitest";

import { type MediumOptions, storeConformance } from "../../testing/index.ts";
import type { Store } from "../port.ts";
import { openSqliteStore } from "./open-sqlite-store.ts";

storeConformance({
  name: "the store on SQLite",
  describe,
  it,
  async open(options) {
    const folder = mkdtempSync(join(tmpdir(), "kintsugi-store-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "store.sqlite");
    const opened: Store[] = [];
    const openOn = async (given: MediumOptions): Promise<Store> => {
      const store = await openSqliteStore({ file, clock: systemClock, ...given });
      opened.push(store);
      return store;
    };
    return {
      store: await openOn(options),
      reopen: openOn,
      dispose: async () => {
        for (const store of opened) await store.close();
      },
    };
  },
});

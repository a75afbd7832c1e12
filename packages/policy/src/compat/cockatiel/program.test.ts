import { describe, expect, it, vi } from "vitest";

import { circuitBreaker } from "./factories.ts";
import { handleAll } from "./filters.ts";
import { fakedTime } from "./fixtures/faked-time.ts";
import {
  breakers,
  guarded,
  NetworkError,
  poll,
  quickly,
  type Source,
  weatherStation,
} from "./fixtures/weather-station.ts";
import { BulkheadPolicy, CircuitState } from "./index.ts";

const down: Source = () => Promise.reject(new NetworkError("no route"));

describe("a stranger's program", () => {
  it("reads what is there, at the second attempt", async () => {
    const advance = fakedTime();
    const source = vi.fn<Source>(async ({ attempt }) => {
      if (attempt === 0) throw new NetworkError("no route");
      return { celsius: 21 };
    });
    const station = weatherStation(source);
    const reading = station.read();
    await advance(100);
    await expect(reading).resolves.toBe(21);
    expect(station.log).toEqual(["retry 1 after 100 ms: Error: no route"]);
  });

  it("gives up on who is too slow, and does not ask again", async () => {
    const advance = fakedTime();
    const source = vi.fn<Source>(() => new Promise(() => {}));
    const reading = weatherStation(source).read();
    await advance(2_000);
    await expect(reading).resolves.toBe("too slow");
    expect(source).toHaveBeenCalledOnce();
  });

  it("leaves alone who is down, and asks again later", async () => {
    const advance = fakedTime();
    const source = vi.fn(down);
    const station = weatherStation(source);
    const first = expect(station.read()).rejects.toBeInstanceOf(NetworkError);
    await advance(300);
    await first;
    const second = station.read();
    await advance(300);
    await expect(second).resolves.toBe("no connection");
    expect(station.state()).toBe("Open");
    await expect(station.read()).resolves.toBe("no connection");
    expect(source).toHaveBeenCalledTimes(5);
    const later = weatherStation(async () => ({ celsius: 4 }), station.saved());
    await expect(later.read()).resolves.toBe("no connection");
    await advance(10_000);
    await expect(later.read()).resolves.toBe(4);
    expect(later.log).toEqual(["the circuit is closed"]);
    expect(station.log).toContain("the circuit is open");
  });

  it("watches the last seconds, or the last calls", async () => {
    fakedTime();
    for (const [name, calls] of [
      ["sampling", 300],
      ["counting", 50],
    ] as const) {
      const circuit = circuitBreaker(handleAll, {
        halfOpenAfter: 1_000,
        breaker: breakers[name](),
      });
      const fail = (): Promise<never> => Promise.reject(new NetworkError());
      for (let call = 1; call < calls; call += 1) await circuit.execute(fail).catch(() => {});
      expect(circuit.state, name).toBe(CircuitState.Closed);
      await circuit.execute(fail).catch(() => {});
      expect(circuit.state, name).toBe(CircuitState.Open);
    }
  });

  it("takes what is stale for what is empty", async () => {
    await expect(guarded.execute(() => "")).resolves.toBe("stale");
    await expect(guarded.execute(() => "fresh")).resolves.toBe("fresh");
  });

  it("polls until it is told that all is ready", async () => {
    const advance = fakedTime();
    const ask = vi.fn(async () => ({ ready: ask.mock.calls.length === 3 }));
    const ready = poll(ask);
    await advance(150);
    await expect(ready).resolves.toBe(true);
  });

  it("notices that there is no room", async () => {
    const policy = new BulkheadPolicy(1, 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = quickly(policy, () => promise);
    await expect(quickly(policy, async () => {})).resolves.toBe(false);
    resolve();
    await expect(first).resolves.toBe(true);
  });
});

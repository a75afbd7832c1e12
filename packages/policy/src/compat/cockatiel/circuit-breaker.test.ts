import { describe, expect, it, vi } from "vitest";

import { type IBackoff, IterableBackoff } from "./backoff.ts";
import type { IBreaker } from "./breakers.ts";
import { CircuitState } from "./circuit-state.ts";
import { BrokenCircuitError, IsolatedCircuitError } from "./errors.ts";
import { handleAll, handleWhenResult } from "./filters.ts";
import { down, held, setup, up } from "./fixtures/circuits.ts";
import type { IHalfOpenAfterBackoffContext } from "./judged-circuit.ts";

describe("a closed circuit", () => {
  it("makes the call and hands on what it returns", async () => {
    const { circuit } = setup();
    await expect(circuit.execute(up)).resolves.toBe("up");
    expect(circuit.lastFailure).toBeUndefined();
  });

  it("opens when its breaker says so, and refuses calls without making them", async () => {
    const { circuit, fail, told, states } = setup();
    await fail();
    expect(circuit.state).toBe(CircuitState.Closed);
    await fail();
    expect(circuit.state).toBe(CircuitState.Open);
    const call = vi.fn();
    await expect(circuit.execute(call)).rejects.toBeInstanceOf(BrokenCircuitError);
    expect(call).not.toHaveBeenCalled();
    expect(circuit.lastFailure).toMatchObject({ error: { message: "down" } });
    expect(told).toEqual(["broken"]);
    expect(states).toEqual([CircuitState.Open]);
  });

  it("says with its refusal when a call makes sense again", async () => {
    const { circuit, open, advance } = setup();
    await open();
    await advance(400);
    await expect(circuit.execute(up)).rejects.toMatchObject({ retryAfterMs: 600 });
  });

  it("takes no notice of errors that its policy does not name", async () => {
    const { circuit } = setup();
    for (let call = 0; call < 5; call += 1) {
      await expect(circuit.execute(() => Promise.reject(new TypeError()))).rejects.toThrow();
    }
    expect(circuit.state).toBe(CircuitState.Closed);
  });

  it("opens on answers that its policy names, and hands them on", async () => {
    const { circuit } = setup(
      {},
      handleWhenResult((answer) => answer === 503),
    );
    await expect(circuit.execute(() => 503)).resolves.toBe(503);
    await expect(circuit.execute(() => 503)).resolves.toBe(503);
    expect(circuit.state).toBe(CircuitState.Open);
    expect(circuit.lastFailure).toEqual({ value: 503 });
  });

  it("hands on the caller's signal", async () => {
    const { circuit } = setup({}, handleAll);
    const controller = new AbortController();
    const seen = await circuit.execute(({ signal }) => {
      controller.abort();
      return signal.aborted;
    }, controller.signal);
    expect(seen).toBe(true);
  });

  it("tells of every call, and whether it did something about its failure", async () => {
    const { circuit } = setup();
    const heard: unknown[] = [];
    circuit.onSuccess(({ duration }) => heard.push(duration >= 0));
    circuit.onFailure(({ handled }) => heard.push(handled));
    await circuit.execute(up);
    await circuit.execute(down).catch(() => {});
    await circuit.execute(() => Promise.reject(new TypeError())).catch(() => {});
    expect(heard).toEqual([true, true, false]);
  });

  it("is not hurt by what a listener throws", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { circuit, open } = setup();
    circuit.onBreak(() => {
      throw new Error("bad listener");
    });
    await open();
    expect(circuit.state).toBe(CircuitState.Open);
    expect(warn).toHaveBeenCalledOnce();
    warn.mockRestore();
  });
});

describe("an open circuit", () => {
  it("lets one trial through after its time, and closes when it succeeds", async () => {
    const { circuit, open, advance, told, states } = setup();
    await open();
    await advance(1_000);
    const trial = circuit.execute(async () => "up");
    expect(circuit.state).toBe(CircuitState.HalfOpen);
    await expect(trial).resolves.toBe("up");
    expect(circuit.state).toBe(CircuitState.Closed);
    expect(told).toEqual(["broken", "half-open", "reset"]);
    expect(states).toEqual([CircuitState.Open, CircuitState.HalfOpen, CircuitState.Closed]);
  });

  it("opens again when the trial fails", async () => {
    const { circuit, open, advance, fail } = setup();
    await open();
    await advance(1_000);
    await fail();
    expect(circuit.state).toBe(CircuitState.Open);
  });

  it("is open for as long as its back-off says", async () => {
    const { circuit, open, advance, fail } = setup({
      halfOpenAfter: new IterableBackoff([500, 2_000]),
    });
    await open();
    await advance(500);
    await fail();
    await advance(1_999);
    await expect(circuit.execute(up)).rejects.toBeInstanceOf(BrokenCircuitError);
    await advance(1);
    await expect(circuit.execute(up)).resolves.toBe("up");
  });

  it("is open for days where its back-off says so", async () => {
    const { circuit, open, advance } = setup({ halfOpenAfter: 864_000_000 });
    await open();
    await advance(863_999_999);
    await expect(circuit.execute(up)).rejects.toBeInstanceOf(BrokenCircuitError);
    await advance(1);
    await expect(circuit.execute(up)).resolves.toBe("up");
  });

  it("lets a trial through at once where it is open for no time", async () => {
    const { circuit, open } = setup({ halfOpenAfter: 0 });
    await open();
    await expect(circuit.execute(up)).resolves.toBe("up");
  });

  it("begins its back-off anew when it has been closed", async () => {
    const asked: number[] = [];
    const backoff = growing(asked);
    const { circuit, open, advance, fail } = setup({ halfOpenAfter: backoff });
    await open();
    await advance(1);
    await fail();
    await advance(2);
    await circuit.execute(up);
    await open();
    expect(asked).toEqual([1, 2, 1]);
  });

  it("waits no longer because the wall clock was set back", async () => {
    const { circuit, open, advance } = setup();
    await open();
    vi.setSystemTime(Date.now() - 3_600_000);
    await advance(1_000);
    await expect(circuit.execute(up)).resolves.toBe("up");
  });

  it("goes by a faked date alone, as a test may fake nothing else", async () => {
    const { circuit, open } = setup();
    await open();
    vi.setSystemTime(Date.now() + 1_000);
    await expect(circuit.execute(up)).resolves.toBe("up");
  });
});

type Step = IBackoff<IHalfOpenAfterBackoffContext>;

/** Waits of 1, 2, 3 milliseconds; notes the attempts that it was told of. */
function growing(asked: number[], duration = 0): Step {
  return {
    duration,
    next({ attempt, result }: IHalfOpenAfterBackoffContext): Step {
      expect(result).toHaveProperty("error");
      asked.push(attempt);
      return growing(asked, duration + 1);
    },
  };
}

describe("an isolated circuit", () => {
  it("refuses calls until the last who holds it has let go", async () => {
    const { circuit, told, states } = setup();
    const holds = [circuit.isolate(), circuit.isolate()];
    expect(told).toEqual(["isolated"]);
    await expect(circuit.execute(up)).rejects.toBeInstanceOf(IsolatedCircuitError);
    holds[0]?.dispose();
    holds[0]?.dispose();
    expect(circuit.state).toBe(CircuitState.Isolated);
    holds[1]?.dispose();
    expect(circuit.state).toBe(CircuitState.Closed);
    expect(told).toEqual(["isolated", "reset"]);
    expect(states).toEqual([CircuitState.Isolated, CircuitState.Closed]);
    await expect(circuit.execute(up)).resolves.toBe("up");
  });

  it("is as open as it was when it is let go", async () => {
    const { circuit, open, told, states } = setup();
    await open();
    circuit.isolate().dispose();
    expect(circuit.state).toBe(CircuitState.Open);
    await expect(circuit.execute(up)).rejects.toBeInstanceOf(BrokenCircuitError);
    expect(told).toEqual(["broken", "isolated"]);
    expect(states.at(-1)).toBe(CircuitState.Open);
  });

  it("sends away those who wait, and tells of no state below", async () => {
    const { circuit, open, advance, told } = setup();
    await open();
    await advance(1_000);
    const trial = held<string>();
    const tried = circuit.execute(trial.call);
    const waiting = expect(circuit.execute(up)).rejects.toBeInstanceOf(IsolatedCircuitError);
    const hold = circuit.isolate();
    await waiting;
    trial.resolve("up");
    await tried;
    expect(told).toEqual(["broken", "half-open", "isolated"]);
    hold.dispose();
    expect(circuit.state).toBe(CircuitState.Closed);
    expect(told.at(-1)).toBe("reset");
  });
});

describe("a breaker of the user's own", () => {
  it("hears of every call and of the state it ended in", async () => {
    const heard: string[] = [];
    const breaker: IBreaker = {
      state: undefined,
      success: (state) => void heard.push(`success ${CircuitState[state]}`),
      failure(state) {
        heard.push(`failure ${CircuitState[state]}`);
        return heard.length > 2;
      },
    };
    const { circuit, advance, fail } = setup({ breaker });
    await circuit.execute(up);
    await fail();
    await fail();
    await advance(1_000);
    await fail();
    await advance(1_000);
    await circuit.execute(up);
    expect(heard).toEqual([
      "success Closed",
      "failure Closed",
      "failure Closed",
      "failure HalfOpen",
      "success HalfOpen",
    ]);
  });
});

/** How a component is right now: its pulse, its memory, its own word. Nothing of it is stored. */

import type { Host, ProcessIdentity, ProcessSample } from "../host/index.ts";
import type { Link, LinkListener } from "./component-socket.ts";
import type { FromComponent, HelloFrame } from "./frames/component-frames.ts";
import { criticalAfterMs, degradedAfterMs } from "./health-state.ts";
import { History } from "./history.ts";
import type { Body, Life } from "./life.ts";
import { Pulse } from "./pulse.ts";

interface VitalsOptions {
  readonly host: Host;
  readonly body: Body;
  readonly heartbeatMs: number;
  readonly onBeat: () => void;
  /** Its own word has changed. */
  readonly onWord: () => void;
}

export class Vitals {
  readonly pulse: Pulse;
  readonly history: History = new History();
  readonly #options: VitalsOptions;
  #life: Life | undefined;
  #sample: ProcessSample | undefined;
  /** The life whose word is awaited. */
  #asked: Life | undefined;

  constructor(options: VitalsOptions) {
    this.#options = options;
    this.pulse = new Pulse(options.host.clock);
  }

  begin(life: Life): void {
    this.#life = life;
    this.pulse.begin(this.#options.body.beats);
  }

  end(): void {
    this.#life = undefined;
    this.#sample = undefined;
    this.pulse.end();
  }

  /** Resident memory at the last look, or what the component itself said where nobody can look. */
  get rssBytes(): number | null {
    return this.#sample?.rssBytes ?? this.pulse.rssBytes;
  }

  get isHung(): boolean {
    return (this.pulse.silentMs() ?? 0) > degradedAfterMs(this.#options.heartbeatMs);
  }

  /** Looks at the process table, and asks who has no process how he is. */
  read(incarnation: number): void {
    const { host, heartbeatMs } = this.#options;
    const identity = this.#life?.identity;
    this.#sample = identity && sampleIfReadable(host, identity);
    this.#askForWord();
    if (!this.#sample) return;
    const silentMs = this.pulse.silentMs() ?? 0;
    const atMs = host.clock.epochMs();
    if (silentMs <= criticalAfterMs(heartbeatMs)) this.history.read(atMs, this.#sample);
    else this.history.readSilent(atMs, this.#sample, incarnation, silentMs);
  }

  /** Somebody dials who says that he is of this life. */
  welcome(hello: HelloFrame, link: Link): LinkListener {
    this.pulse.connect(link, hello.pid, this.#life?.identity?.pid);
    link.send({ kind: "welcome", heartbeatMs: this.#options.heartbeatMs });
    return {
      onFrame: (frame) => {
        if (this.pulse.hears(link)) this.#hear(frame);
      },
      onClose: () => this.pulse.disconnect(link),
    };
  }

  beat(rssBytes?: number): void {
    this.pulse.beat(rssBytes);
    this.#options.onBeat();
  }

  #hear(frame: FromComponent): void {
    switch (frame.kind) {
      case "beat":
        this.beat(frame.rssBytes);
        break;
      case "health":
        this.pulse.ownWord = frame.health;
        this.#options.onWord();
        break;
      case "hello":
      case "goodbye":
        break; // Who he is we know; that he leaves, his exit will say.
    }
  }

  /** One question at a time: a check that hangs is not asked again in this life. */
  #askForWord(): void {
    const life = this.#life;
    const answer = life && life !== this.#asked ? this.#options.body.health?.() : undefined;
    if (!answer) return;
    this.#asked = life;
    void answer.then((health) => {
      if (this.#life !== life) return;
      this.#asked = undefined;
      this.pulse.ownWord = health;
      this.#options.onWord();
    });
  }
}

/** Undefined also when the machine refuses to tell, as it does when its open files are used up. */
function sampleIfReadable(host: Host, identity: ProcessIdentity): ProcessSample | undefined {
  try {
    return host.processes.sample(identity);
  } catch {
    return undefined; // One reading is missed; the next look comes in a second.
  }
}

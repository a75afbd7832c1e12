/** The routes whose answers do not end: the log of events, and the live feed of the page. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import type { EventStreams } from "./event-stream.ts";
import type { Gate } from "./gate.ts";
import type { LiveStreams } from "./live/stream.ts";
import { lastIdOf, parameters, typesOf } from "./query.ts";
import { Refusal } from "./refusal.ts";
import type { EventSink, StreamPlaces } from "./stream-line.ts";

interface StreamDoor {
  readonly app: FastifyInstance;
  readonly gate: Gate;
  readonly places: StreamPlaces;
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

export function addEvents(door: StreamDoor, streams: EventStreams): void {
  addStream(door, "/api/v1/events", ({ query, headers }) => {
    const { types } = parameters(query, "types");
    const request = { lastId: lastIdOf(headers["last-event-id"]), types: typesOf(types) };
    return (sink) => streams.open(sink, request);
  });
}

export function addLive(door: StreamDoor, streams: LiveStreams): void {
  addStream(door, "/api/v1/live", ({ query, headers }) => {
    parameters(query);
    const lastId = lastIdOf(headers["last-event-id"]);
    return (sink) => streams.open(sink, lastId);
  });
}

/** @param read What a request asks for; throws a {@link Refusal} before anything is sent. */
function addStream(
  { app, gate, places, headers }: StreamDoor,
  url: string,
  read: (request: FastifyRequest) => (sink: EventSink) => void,
): void {
  app.route({
    method: "GET",
    url,
    exposeHeadRoute: false,
    onRequest: async (request) => {
      gate.admit(request, "read");
    },
    handler: async (request, reply): Promise<FastifyReply> => {
      const open = read(request);
      if (places.isFull) {
        throw new Refusal(503, "KINTSUGI_TOO_MANY_STREAMS", "Too many clients follow the events");
      }
      reply.hijack();
      reply.raw.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
      open(reply.raw);
      return reply;
    },
  });
}

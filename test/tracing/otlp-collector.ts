import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** A span as OTLP sends it in JSON. */
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })).transform(toRecord),
  events: z.array(z.unknown()).default([]),
  status: z.object({ code: z.number().default(0), message: z.string().optional() }),
});
export type ReceivedSpan = z.infer<typeof spanSchema>;

const bodySchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({
        attributes: z
          .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
          .transform(toRecord),
      }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

/** An OpenTelemetry collector that takes traces by OTLP over HTTP. */
export interface OtlpCollector extends AsyncDisposable {
  readonly url: string;
  /** The requests, as `content-type path`. */
  readonly requests: readonly string[];
  /** Everything that was received, as text. */
  readonly received: () => string;
  /** Only of JSON. */
  readonly spans: readonly ReceivedSpan[];
  readonly resources: readonly Readonly<Record<string, unknown>>[];
  /** From now on it answers 503. */
  goDown(): void;
  comeBack(): void;
  /** How many requests it has answered so. */
  readonly refused: number;
}

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const requests: string[] = [];
  const bodies: string[] = [];
  const parsed = () => bodies.filter((body) => body.startsWith('{')).map((body) => bodySchema.parse(JSON.parse(body)));
  let isUp = true;
  let refused = 0;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    response.setHeader('content-type', 'application/json');
    if (!isUp) {
      refused++;
      return void response.writeHead(503).end('{}');
    }
    requests.push(`${request.headers['content-type']} ${request.url}`);
    bodies.push(body);
    response.writeHead(200).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get refused() {
      return refused;
    },
    goDown() {
      isUp = false;
    },
    comeBack() {
      isUp = true;
    },
    received: () => bodies.join('\n'),
    get spans() {
      return parsed().flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      );
    },
    get resources() {
      return parsed().flatMap(({ resourceSpans }) => resourceSpans.map(({ resource }) => resource.attributes));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The names from the first span of the trace to this one, joined by `>`. Begins with `?` if a parent was not received. */
export function pathOf({ name, parentSpanId }: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  if (!parentSpanId) return name;
  const parent = spans.find(({ spanId }) => spanId === parentSpanId);
  return `${parent === undefined ? '?' : pathOf(parent, spans)} > ${name}`;
}

function toRecord(
  attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[],
): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

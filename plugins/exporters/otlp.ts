/**
 * OpenTelemetry: exchanges as client spans, in the JSON encoding of OTLP 1.x (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): one
 * ExportTraceServiceRequest a line, as the file exporter's specification has it. A followed session POSTs each batch as one of them.
 */
import { hostname } from 'node:os'
import { defineExporter } from '../../sdk/plugin.ts'
import { attributesOf, type KeyValue } from './otlp/attributes.ts'
import { type Span, spanOf } from './otlp/span.ts'
import { PacedText } from './text/paced-text.ts'

/** A batch of a followed session is smaller, so that each is one object. */
const spansInLine = 512

const otlp = defineExporter({
  kind: 'exporter',
  name: 'otlp',
  version: '0.1.0',
  api: 1,
  follow: true,
  mediaType: 'application/json',
  description: 'OpenTelemetry spans (OTLP/JSON), part of the traces whose context the requests carry; follows into a collector',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      service: { type: 'string', minLength: 1, default: 'weir', description: 'service.name of the spans.' },
      resource: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'More attributes of the resource, as {"deployment.environment.name": "staging"}.',
      },
      headers: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: 'Header fields that become attributes (http.request.header.NAME, http.response.header.NAME); none when absent.',
      },
    },
  },
  create({ service, resource = {}, headers = [] }) {
    const wanted = new Set(headers.map((name) => name.toLowerCase()))
    return {
      async run({ session, exchanges, out, leaveOut }) {
        const about = attributesOf({
          'service.name': service,
          'host.name': hostname(),
          'weir.session.id': session.id,
          'weir.session.name': session.name,
          ...resource,
        })
        const text = new PacedText(out)
        const spans: Span[] = []
        const write = () => {
          if (spans.length > 0) text.add(`${JSON.stringify(request(about, spans.splice(0)))}\n`)
        }
        for await (const exchange of exchanges) {
          // It has no end yet.
          if (exchange.durationMs === null) leaveOut()
          else if (spans.push(spanOf(exchange, wanted)) === spansInLine) write()
          if (text.isFull) await text.flush()
        }
        write()
        await text.flush()
      },
    }
  },
})

const request = (attributes: KeyValue[], spans: Span[]) => ({
  resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'weir', version: otlp.version }, spans }] }],
})

export default otlp

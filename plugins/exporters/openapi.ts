/** OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0): what an API takes and answers, as its traffic shows it. */
import { defineExporter } from '../../sdk/plugin.ts'
import { ApiWriter } from './openapi/writer.ts'

const openapi = defineExporter({
  kind: 'exporter',
  name: 'openapi',
  version: '0.1.0',
  api: 1,
  description: 'OpenAPI 3.1 of the APIs that were called, also into a document that is there',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      title: { type: 'string', description: "Of the document; the session's name when absent." },
      existing: {
        type: 'object',
        description: 'An OpenAPI 3.1 document (JSON) to merge into: what it says stays, and is widened where traffic says otherwise.',
      },
      examples: {
        type: 'boolean',
        description: 'The first small body of each kind, as it was captured, as an example; false when absent.',
      },
    },
  },
  create({ title, existing, examples = false }) {
    return {
      run: ({ session, exchanges, out, leaveOut }) =>
        new ApiWriter({ title: title ?? session.name, existing: existing ?? null, examples }).write(exchanges, out, leaveOut),
    }
  },
})

export default openapi

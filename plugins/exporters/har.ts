/** HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), as har-schema checks it and Playwright replays it. */
import { defineExporter } from '../../sdk/plugin.ts'
import { HarWriter } from './har/writer.ts'

const version = '0.1.0'

const har = defineExporter({
  kind: 'exporter',
  name: 'har',
  version,
  api: 1,
  description: 'HTTP Archive 1.2: for browsers, Playwright routeFromHAR, k6 and most other tools',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      bodies: { type: 'boolean', description: 'Write bodies; true when absent.' },
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Larger bodies are left out, with a comment; 67108864 when absent.' },
      urls: {
        enum: ['rfc3986', 'browser'],
        description:
          'rfc3986 (when absent): percent-encode all that a URI must not hold. browser: leave [ ] | and the like as browsers send them, which is how Playwright compares.',
      },
    },
  },
  create({ bodies = true, maxBodyBytes = 64 * 1024 * 1024, urls = 'rfc3986' }) {
    return {
      run: ({ exchanges, out, leaveOut }) =>
        new HarWriter(out, { maxBodyBytes: bodies ? maxBodyBytes : -1, urls, version }).write(exchanges, leaveOut),
    }
  },
})

export default har

/** A module of Mock Service Worker handlers (https://mswjs.io) that answer as the origins did. */
import { defineExporter } from '../../sdk/plugin.ts'
import { writeHandlers } from './msw/writer.ts'

const msw = defineExporter({
  kind: 'exporter',
  name: 'msw',
  version: '0.1.0',
  api: 1,
  description: 'A JavaScript module of Mock Service Worker handlers that answer as the origins did',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      maxBodyBytes: {
        type: 'integer',
        minimum: 0,
        description: 'Exchanges with a larger response body are left out; 8388608 when absent.',
      },
    },
  },
  create({ maxBodyBytes = 8 * 1024 * 1024 }) {
    return { run: ({ exchanges, out, leaveOut }) => writeHandlers(exchanges, out, maxBodyBytes, leaveOut) }
  },
})

export default msw

/** A k6 script (https://k6.io) that makes the requests of a session again, in their order. */
import { defineExporter } from '../../sdk/plugin.ts'
import { k6Script } from './k6/script.ts'
import { writeScript } from './replay/script.ts'

const k6 = defineExporter({
  kind: 'exporter',
  name: 'k6',
  version: '0.1.0',
  api: 1,
  description: 'A k6 script that makes the same requests and checks their statuses',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Exchanges with a larger request body are left out; 8388608 when absent.' },
    },
  },
  create({ maxBodyBytes = 8 * 1024 * 1024 }) {
    return { run: (run) => writeScript(run, maxBodyBytes, k6Script) }
  },
})

export default k6

/** cURL commands (https://curl.se) that make the requests of a session again: a script, or lines to paste into a shell. */
import { defineExporter } from '../../sdk/plugin.ts'
import { curlScript } from './curl/command.ts'
import { writeScript } from './replay/script.ts'

const curl = defineExporter({
  kind: 'exporter',
  name: 'curl',
  version: '0.1.0',
  api: 1,
  description: 'A cURL command for each request, for a POSIX shell',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Exchanges with a larger request body are left out; 8388608 when absent.' },
    },
  },
  create({ maxBodyBytes = 8 * 1024 * 1024 }) {
    return { run: (run) => writeScript(run, maxBodyBytes, curlScript) }
  },
})

export default curl

/** An .http file: for JetBrains' HTTP Client, VS Code's REST Client and httpyac. */
import { defineExporter } from '../../sdk/plugin.ts'
import { httpFile } from './http/request.ts'
import { writeScript } from './replay/script.ts'

const http = defineExporter({
  kind: 'exporter',
  name: 'http',
  version: '0.1.0',
  api: 1,
  description: 'An .http file with each request, for editors: JetBrains, VS Code REST Client, httpyac',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Exchanges with a larger request body are left out; 1048576 when absent.' },
    },
  },
  create({ maxBodyBytes = 1024 * 1024 }) {
    return { run: (run) => writeScript(run, maxBodyBytes, httpFile) }
  },
})

export default http

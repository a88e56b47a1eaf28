/** cURL commands (https://curl.se) that make the requests of a session again: a script, or lines to paste into a shell. */
import { defineExporter } from '../../sdk/plugin.ts'
import { posixScript } from './curl/posix.ts'
import { powershellScript } from './curl/powershell.ts'
import { writeScript } from './replay/script.ts'

const curl = defineExporter({
  kind: 'exporter',
  name: 'curl',
  version: '0.1.0',
  api: 1,
  description: 'A cURL command for each request, for a POSIX shell or PowerShell',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      shell: { enum: ['sh', 'powershell'], description: 'For which shell: sh (bash, zsh, ...) when absent, or powershell.' },
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Exchanges with a larger request body are left out; 8388608 when absent.' },
    },
  },
  create({ shell = 'sh', maxBodyBytes = 8 * 1024 * 1024 }) {
    return { run: (run) => writeScript(run, maxBodyBytes, shell === 'sh' ? posixScript : powershellScript) }
  },
})

export default curl

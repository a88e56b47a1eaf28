/** Code that makes the requests of a session again, to paste or to run. */
import { defineExporter } from '../../sdk/plugin.ts'
import { writeScript } from './replay/script.ts'
import { axios } from './snippet/axios.ts'
import { go } from './snippet/go.ts'
import { javascript } from './snippet/javascript.ts'
import { python } from './snippet/python.ts'

const languages = { javascript, axios, python, go }

const snippet = defineExporter({
  kind: 'exporter',
  name: 'snippet',
  version: '0.1.0',
  api: 1,
  description: 'A code snippet for each request: JavaScript (fetch or axios), Python (requests) or Go (net/http)',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      language: {
        enum: ['javascript', 'axios', 'python', 'go'],
        description: 'javascript (fetch) when absent; axios (JavaScript), python (requests), go (net/http).',
      },
      maxBodyBytes: { type: 'integer', minimum: 0, description: 'Exchanges with a larger request body are left out; 1048576 when absent.' },
    },
  },
  create({ language = 'javascript', maxBodyBytes = 1024 * 1024 }) {
    return { run: (run) => writeScript(run, maxBodyBytes, languages[language]) }
  },
})

export default snippet

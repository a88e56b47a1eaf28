/** An exporter plugin that writes a folder: each response body as a file of its own, and `index.json`, which says what is whose. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { defineExporter } from '../../sdk/plugin.ts'

/** What was captured decides names, so only what is harmless everywhere is left of them. */
const harmless = (text: string) => text.replace(/[^a-zA-Z0-9.-]/g, '_').slice(0, 100)

const bodyFiles = defineExporter({
  kind: 'exporter',
  name: 'body-files',
  version: '1.0.0',
  api: 1,
  description: 'A folder with each response body as a file',
  out: 'folder',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: { decode: { type: 'boolean', default: true, description: 'Without their Content-Encoding.' } },
  },
  create({ decode }) {
    return {
      async run({ exchanges, folder, leaveOut }) {
        const index = folder.file('index.json')
        let separator = '['
        for await (const { seq, request, response, readBody } of exchanges) {
          const body = response?.bodySize ? await readBody('response', { decode }).catch(() => readBody('response')) : null
          if (body === null) {
            leaveOut()
            continue
          }
          const path = `host-${harmless(new URL(request.url).hostname)}/${seq}.body`
          const file = folder.file(path)
          file.end(body)
          await finished(file)
          const line = JSON.stringify({ seq, path, url: request.url, status: response?.status })
          if (!index.write(`${separator}\n${line}`)) await once(index, 'drain')
          separator = ','
        }
        index.write(separator === '[' ? '[]\n' : '\n]\n')
      },
    }
  },
})

export default bodyFiles

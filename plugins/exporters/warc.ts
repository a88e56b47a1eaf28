/** WARC 1.1 (ISO 28500:2017), the format of web archives: what crawlers write and replay tools read. */
import { defineExporter } from '../../sdk/plugin.ts'
import { writeArchive } from './warc/writer.ts'

const warc = defineExporter({
  kind: 'exporter',
  name: 'warc',
  version: '0.1.0',
  api: 1,
  description: 'A web archive (WARC 1.1): requests and responses, for pywb, ReplayWeb.page and the like',
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({ run: ({ session, exchanges, out, leaveOut }) => writeArchive(session, exchanges, out, leaveOut) }),
})

export default warc

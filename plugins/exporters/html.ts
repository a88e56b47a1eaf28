/** A report of a session as one HTML file: a picture that can be passed on and opened anywhere, without a network. */
import { defineExporter } from '../../sdk/plugin.ts'
import { ReportWriter } from './html/writer.ts'

const html = defineExporter({
  kind: 'exporter',
  name: 'html',
  version: '0.1.0',
  api: 1,
  description: 'A report as one HTML file: timeline, waterfall, status groups, slowest and biggest',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      title: { type: 'string', description: "Of the report; the session's name when absent." },
      bodyCharacters: { type: 'integer', minimum: 0, description: 'Of each text body so much is in it; 4096 when absent, 0: no bodies.' },
    },
  },
  create({ title, bodyCharacters = 4096 }) {
    return {
      run: ({ session, exchanges, out }) =>
        new ReportWriter({ title: title ?? session.name, bodyCharacters }).write(session, exchanges, out),
    }
  },
})

export default html

/** Flows of mitmproxy (https://mitmproxy.org), as `mitmdump -w` writes them. */
import { once } from 'node:events'
import { defineExporter } from '../../sdk/plugin.ts'
import { OriginConnections } from './mitmproxy/connections.ts'
import { flowOf } from './mitmproxy/flow.ts'
import { written } from './mitmproxy/tnetstring.ts'

const mitmproxy = defineExporter({
  kind: 'exporter',
  name: 'mitmproxy',
  version: '0.1.0',
  api: 1,
  description: 'Flows for mitmproxy, mitmweb and mitmdump (mitmdump -nr FILE), with WebSocket messages',
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({
    async run({ exchanges, out, leaveOut }) {
      const origins = new OriginConnections()
      for await (const exchange of exchanges) {
        if (exchange.kind === 'tunnel') leaveOut()
        else for await (const piece of written(await flowOf(exchange, origins))) if (!out.write(piece)) await once(out, 'drain')
      }
    },
  }),
})

export default mitmproxy

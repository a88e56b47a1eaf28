/** pcapng, the format of Wireshark (https://www.wireshark.org): exchanges as TCP conversations in clear text. */
import { defineExporter } from '../../sdk/plugin.ts'
import { CaptureWriter } from './pcapng/writer.ts'

const pcapng = defineExporter({
  kind: 'exporter',
  name: 'pcapng',
  version: '0.1.0',
  api: 1,
  description: 'Packets for Wireshark and tshark: each exchange a TCP conversation in clear text, with WebSocket frames',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ports: {
        enum: ['http', 'real'],
        description:
          'Of origins: http puts all of them on port 80, by which readers know what it is; real leaves them as they were. http when absent.',
      },
    },
  },
  create({ ports = 'http' }) {
    return {
      async run({ exchanges, out, leaveOut }) {
        const writer = new CaptureWriter(out, ports)
        await writer.begin()
        for await (const exchange of exchanges) {
          if (exchange.kind === 'tunnel') leaveOut()
          else await writer.exchange(exchange)
        }
      },
    }
  },
})

export default pcapng

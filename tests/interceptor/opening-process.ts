/** A process that opens the browser plugin and waits to be killed. Arguments: the executable, and a folder. */
import browser from '../../plugins/interceptor/browser.ts'
import type { Session } from '../../sdk/model.ts'

const [executable = '', dataDir = ''] = process.argv.slice(2)
const host = { log: () => undefined, signal: new AbortController().signal, dataDir }
await browser.create({ headless: true, executable }, host).open({
  sourceId: 'b1',
  session: { proxy: null } as Session,
  caCertificate: '',
  caKeyHash: '',
  tagDomain: 'none.invalid',
  proxyCredentials: null,
  emit: async () => undefined,
})
process.send?.('open')

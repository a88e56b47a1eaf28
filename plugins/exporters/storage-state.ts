/** Playwright's storageState: cookies for `browser.newContext({ storageState })`. */

import { writeStorageState } from '../../sdk/cookie/formats/storage-state.ts'
import { defineExporter } from '../../sdk/plugin.ts'
import { cookiesOf } from './cookies/session-cookies.ts'

const storageState = defineExporter({
  kind: 'exporter',
  name: 'storage-state',
  version: '0.1.0',
  api: 1,
  redaction: 'off',
  description: "The cookies a client holds at the session's end, as Playwright's storageState",
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({
    async run({ exchanges, out, leaveOut }) {
      out.write(writeStorageState(await cookiesOf(exchanges, leaveOut)).bytes)
    },
  }),
})

export default storageState

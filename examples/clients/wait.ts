/** node wait.ts QUERY: the same as wait.py beside it, with the SDK (in a project of yours: from '@weir/weir/testing'). It starts the daemon where none runs. */
import { withCapture } from '../../sdk/exports/testing.ts'

await withCapture(async ({ proxy, expect, text }) => {
  console.log(`proxy ${proxy}`)
  const exchange = await expect(process.argv[2] ?? '', { timeoutMs: 60_000 })
  const { seq, request, response } = exchange
  console.log(`${seq} ${request.method} ${request.url} ${response?.status}`)
  console.log(await text(exchange, 'response'))
})

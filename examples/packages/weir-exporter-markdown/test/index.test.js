import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runExporter, testExchange } from '@weir/weir/testing'
import markdown from '../index.js'

test('writes a row for each exchange', async () => {
  const failed = testExchange({ seq: 2, response: null, error: { reason: 'connectionRefused', message: '' } })
  const { text } = await runExporter(markdown, [testExchange(), failed], { options: { title: 'All', columns: ['method', 'status'] } })
  assert.equal(text, '## All\n\n| method | status |\n| --- | --- |\n| GET | 200 |\n| GET | connectionRefused |\n')
})

test('what was captured stays in its cell, and is no markup', async () => {
  const hostile = testExchange({ request: { method: 'A|B\n# <img src=x>', url: 'https://origin.test/`x`' } })
  const { text } = await runExporter(markdown, [hostile], { options: { columns: ['method', 'url'] } })
  assert.equal(text.split('\n')[2], '| A\\|B \\# \\<img src\\=x\\> | https\\:\\/\\/origin\\.test\\/\\`x\\` |')
})

test('a column that there is not is refused', async () => {
  await assert.rejects(
    runExporter(markdown, [], { options: { columns: ['verb'] } }),
    /markdown does not take this config: \/columns\/0 must be one of/,
  )
})

/** `weir import`: files in. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

test('what was exported is imported again, under a name of its own', async () => {
  const { weir, json, folder } = await startCaller()
  const origin = await startOrigin((_, response) => response.setHeader('content-type', 'text/plain').end('hello'))
  await weir(['capture', '--name', 'it', '--', 'curl', '-sS', `${origin.url}/x`])
  await weir(['export', 'it', 'jsonl', '-o', join(folder, 'it.jsonl')])
  const { code, stdout, stderr } = await weir(['import', 'it.jsonl', '--name', 'again'], { cwd: folder })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^1 exchange in session again \(\w{26}\)\n$/)
  expect(await json('ls', 'again')).toMatchObject([{ source: 'import', request: { url: `${origin.url}/x` } }])

  writeFileSync(join(folder, 'bad.jsonl'), '{"weir":1}\n')
  const bad = await weir(['import', join(folder, 'bad.jsonl')])
  expect({ code: bad.code, stdout: bad.stdout }).toEqual({ code: 1, stdout: '' })
  expect(bad.stderr).toMatch(/^weir: .*bad\.jsonl: line 1: .*; nothing was imported; --keep-good .*\n/)
})

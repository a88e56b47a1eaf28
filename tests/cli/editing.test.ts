/** rm, tag and note. */
import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

test('tag and note say something of an exchange, show shows it, rm deletes it', async () => {
  const { weir } = await startCaller()
  const origin = await startOrigin((_, response) => void response.end('x'))
  await weir(['capture', '--name', 'mine', '--', 'curl', '-sS', '-o', '/dev/null', `${origin.url}/`])
  expect((await weir(['tag', 'mine', '1', 'slow', 'slow', 'new'])).stdout).toBe('1: #slow #new\n')
  expect((await weir(['note', 'last', '1', 'look', 'here'])).stdout).toBe('1: #slow #new look here\n')
  expect((await weir(['show', 'last', '1'])).stdout).toMatch(/tags +slow, new\nnote +look here\n/)
  expect((await weir(['tag', 'last', '1'])).stdout).toBe('1: look here\n')
  expect(await weir(['rm', 'last', 'method:GET'])).toMatchObject({ code: 2, stderr: expect.stringContaining('confirm with --yes') })
  expect((await weir(['rm', 'last', '1'])).stdout).toBe('1 exchange of mine deleted\n')
  expect(await weir(['rm', 'last', '1'])).toMatchObject({ code: 1, stderr: expect.stringContaining('no exchange 1') })
})

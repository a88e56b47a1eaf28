/** weir browser pair, weir token: a client over WebSockets from the command line. */
import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { startWeir } from '../support/command-line.ts'
import { extensionOrigin, pairWith } from '../support/websocket-rpc.ts'

test('pair shows a code and waits for its use, token lists and revokes', async () => {
  const { env, weir, json } = await startCaller()
  expect(await weir(['token', 'list'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringContaining('weir browser pair') as unknown,
  })
  const pairing = startWeir(['browser', 'pair', '--port', '0', '--right', 'read', '--name', 'my browser'], { env })
  const [, code = '', port = ''] = await pairing.prints(/^code (\d{4}-\d{4}) {3}port (\d+)/)
  await pairing.complains(/\[websocket\]\n {2}port = \d+/)
  const { body } = await pairWith(Number(port), code)
  const { code: exit, stdout } = await pairing.ended
  expect({ exit, stdout }).toEqual({
    exit: 0,
    stdout: expect.stringContaining(`paired: my browser (${extensionOrigin}) may read\n`) as unknown,
  })

  expect(await json('token', 'list')).toMatchObject([{ id: body.tokenId, name: 'my browser', rights: ['read'] }])
  expect((await weir(['token', 'list'])).stdout).toMatch(/my browser +chrome-extension/)
  expect(await weir(['token', 'revoke', body.tokenId ?? ''])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  expect(await weir(['token', 'revoke', body.tokenId ?? ''])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no token') as unknown,
  })
  expect((await weir(['status'])).stdout).toMatch(/^websocket 127\.0\.0\.1:\d+, 0 connections$/m)
})

test('pair --json only prints the code, for rights of an extension', async () => {
  const { json, client } = await startCaller()
  const [given] = (await json('browser', 'pair', '--port', '0')) as { code: string; port: number }[]
  await pairWith(given?.port ?? 0, given?.code ?? '')
  expect((await client.call('token/list', {})).items).toMatchObject([{ rights: ['read', 'capture', 'feed'] }])
})

test('pair refuses rights that are none', async () => {
  const { weir } = await startCaller()
  expect(await weir(['browser', 'pair', '--right', 'everything'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('read, capture') as unknown,
  })
})

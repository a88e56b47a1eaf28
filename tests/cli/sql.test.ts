import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

async function captured() {
  const caller = await startCaller()
  const origin = await startOrigin((request, response) => void response.end(`body of ${request.url}`), { tls: false })
  const session = await caller.client.call('session/start', { name: 'live' })
  for (const path of ['/1', '/2', '/\u001b[31m']) await getThrough(session.proxy?.port ?? 0, origin.url + encodeURI(path))
  return { ...caller, origin, sessionId: session.id }
}

test('weir sql prints a table, or an object a line, of a session that runs', async () => {
  const { weir, json } = await captured()
  const table = await weir(['sql', 'live', 'select seq, path, request_body_id from v1_exchange order by seq limit 2'])
  expect(table).toMatchObject({ code: 0, stderr: '' })
  expect(table.stdout.split('\n').map((line) => line.split(/ +/).filter(Boolean))).toEqual([
    ['seq', 'path', 'request_body_id'],
    ['1', '/1', '-'],
    ['2', '/2', '-'],
    [],
  ])
  expect(await json('sql', 'last', 'select seq, status from v1_exchange order by seq limit 2')).toEqual([
    { seq: 1, status: 200 },
    { seq: 2, status: 200 },
  ])
})

test('weir sql never lets escape sequences through, and says when there is more', async () => {
  const { weir } = await captured()
  const { stdout, stderr, code } = await weir(['sql', 'live', "select char(27) || '[31m' as red union all select 'more'", '--limit', '1'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'weir: there are more rows; ask for more with --limit\n' })
  expect(stdout).toBe('red\n\\x1b[31m\n')
})

test('weir sql says what is wrong', async () => {
  const { weir } = await captured()
  expect(await weir(['sql', 'live', 'drop table exchange'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/SELECT/) as string })
})

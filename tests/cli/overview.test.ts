/** weir overview: what was captured in groups, as people and programs read it. */
import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

test('weir overview prints a group a line, and the total', async () => {
  const { weir, json, client } = await startCaller()
  const origin = await startOrigin(({ url }, response) => void response.writeHead(url === '/no' ? 404 : 200).end('x'.repeat(1500)), {
    tls: false,
  })
  const { proxy } = await client.call('session/start', { name: 'live' })
  for (const path of ['/users/1', '/users/2', '/users/\x9b\u00e9', '/no']) await getThrough(proxy?.port ?? 0, origin.url + path)

  const { code, stdout, stderr } = await weir(['overview', '--by', 'path'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [header, ...lines] = stdout.trimEnd().split('\n')
  expect(header).toMatch(/^ +COUNT +FAILED +SENT +RECEIVED +P50 +P90 +P99 +MAX {2}PATH$/)
  const cells = lines.map((line) => line.trim().split(/ {2,}/))
  const { host } = new URL(origin.url)
  expect(cells.map(([count, failed, sent, received]) => [count, failed, sent, received])).toEqual([
    ['2', '0', '0 B', '3.0 kB'],
    ['1', '0', '0 B', '1.5 kB'],
    // This path the origin refuses.
    ['1', '0', '0 B', '0 B'],
    ['4', '0', '0 B', '4.5 kB'],
  ])
  expect(cells.map((each) => each.at(-1))).toEqual([`${host}/users/{id}`, `${host}/no`, `${host}/users/\\x9b\u00e9`, 'all'])
  expect(cells.flatMap((each) => each.slice(4, 8)).every((cell) => /^\d[\d.]* m?s$/.test(cell))).toBe(true)
  expect(stdout).not.toMatch(/[\t\x1b\x9b]/)

  expect(await json('overview', 'live', 'status:404', '--by', 'status')).toMatchObject([{ key: '404', exchanges: 1, bytesReceived: 1500 }])
  const cut = await weir(['overview', 'live', '--by', 'status', '--limit', '1'])
  expect(cut.stdout).toMatch(/^ +2 .* {2}and 2 more groups\n +4 .* {2}all$/m)
  expect(await weir(['overview', 'live', '--by', 'status', '--limit', '1', '--json'])).toMatchObject({
    code: 0,
    stderr: 'weir: there is more, in 2 groups; ask for more with --limit\n',
  })
  expect(await weir(['overview', 'nobody'])).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing matched') })
  expect(await weir(['overview', 'live', 'hots:a'])).toMatchObject({ code: 1, stderr: expect.stringContaining('host') })
  expect(await weir(['overview', '--by', 'colour'])).toMatchObject({ code: 2, stderr: expect.stringContaining('host, path, method') })
})

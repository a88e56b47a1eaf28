/** sync/*: cookies of a domain kept in step between sessions, jars and files. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { Client } from '../../sdk/client.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { capture, txt } from '../support/synced.ts'
import { getThrough } from '../support/through-proxy.ts'

async function daemonWithFolder() {
  const { client, home } = await startDaemon()
  return { client, folder: home.folder }
}

const jarOf = async (client: Client, jar: string) =>
  (await client.call('jar/get', { jar })).items.map(({ name, value }) => `${name}=${value}`).sort()

const domain = 'localhost'

test('what is captured goes to a jar and to files at once, deletions too, and nothing of other domains', async () => {
  const { client, folder } = await daemonWithFolder()
  const [text, state, newman] = ['cookies.txt', 'state.json', 'newman.json'].map((name) => join(folder, name)) as [string, string, string]
  const { set } = await capture(client)
  await set('early=1; Path=/')
  const rule = await client.call('sync/set', {
    domain,
    targets: [
      { plugin: 'jar', config: { jar: 'work' } },
      { plugin: 'cookies-txt', config: { path: text } },
      { plugin: 'storage-state', config: { path: state } },
      { plugin: 'newman', config: { path: newman } },
    ],
  })
  expect(rule).toMatchObject({ domain, direction: 'out' })
  await set('sid=1; Path=/; HttpOnly', 'gone=1; Path=/', 'bad=1; Domain=elsewhere.example')
  await vi.waitFor(async () => expect(await jarOf(client, 'work')).toEqual(['early=1', 'gone=1', 'sid=1']))
  await set('sid=2; Path=/; HttpOnly', 'gone=; Path=/; Max-Age=0')
  await vi.waitFor(async () => {
    expect(await jarOf(client, 'work')).toEqual(['early=1', 'sid=2'])
    expect(txt(text)).toEqual(['early=1', 'sid=2'])
    expect(JSON.parse(readFileSync(state, 'utf8')).cookies).toMatchObject([
      { name: 'early', value: '1', domain: 'localhost', httpOnly: false },
      { name: 'sid', value: '2', httpOnly: true },
    ])
    expect(
      JSON.parse(readFileSync(newman, 'utf8')).cookies.map(({ key, value }: { key: string; value: string }) => `${key}=${value}`),
    ).toEqual(['early=1', 'sid=2'])
  })
  expect(statSync(text).mode & 0o777).toBe(0o600)
  // A target has what it was told before it has said so.
  await vi.waitFor(async () =>
    expect((await client.call('sync/list', {})).items).toMatchObject([
      { cookies: 2, targets: [{ waiting: 0 }, { waiting: 0 }, { waiting: 0 }, { waiting: 0 }] },
    ]),
  )
})

describe('a file', () => {
  test('keeps what else is in it, byte for byte', async () => {
    const { client, folder } = await daemonWithFolder()
    const [text, state] = [join(folder, 'a.txt'), join(folder, 'b.json')]
    const others = '# a remark\n.other.example\tTRUE\t/\tFALSE\t1\told\tstays\nno cookie at all\n'
    writeFileSync(text, others)
    const mine = {
      cookies: [{ name: 'x', value: 'y', domain: 'other.example', path: '/', note: 'mine' }],
      origins: [{ origin: 'https://a', localStorage: [] }],
    }
    writeFileSync(state, JSON.stringify(mine))
    const targets = [
      { plugin: 'cookies-txt', config: { path: text } },
      { plugin: 'storage-state', config: { path: state } },
    ]
    await client.call('sync/set', { domain, targets, direction: 'both' })
    const { set } = await capture(client)
    await set('sid=1; Path=/')
    await vi.waitFor(() => {
      expect(readFileSync(text, 'latin1')).toBe(`${others}localhost\tFALSE\t/\tFALSE\t0\tsid\t1\n`)
      const { cookies, origins } = JSON.parse(readFileSync(state, 'utf8'))
      expect([cookies[0], cookies[1].name, origins]).toEqual([mine.cookies[0], 'sid', mine.origins])
    })
  })

  test('that somebody edits comes back to the jar and the other file; the newest word counts', async () => {
    const { client, folder } = await daemonWithFolder()
    const [a, b] = [join(folder, 'a.txt'), join(folder, 'b.txt')]
    const targets = [
      { plugin: 'jar', config: { jar: 'work' } },
      { plugin: 'cookies-txt', config: { path: a } },
      { plugin: 'cookies-txt', config: { path: b } },
    ]
    const { set } = await capture(client)
    await set('sid=1; Path=/', 'theme=dark; Path=/')
    await client.call('sync/set', { domain, targets, direction: 'both' })
    await vi.waitFor(() => expect(txt(b)).toEqual(['sid=1', 'theme=dark']))
    await client.call('sync/run', {})
    const edited = readFileSync(a, 'latin1')
      .replace('sid\t1', 'sid\t2')
      .replace(/.*theme.*\n/, '')
    writeFileSync(a, `${edited}localhost\tFALSE\t/\tFALSE\t0\tadded\there\n`)
    await vi.waitFor(async () => {
      expect(await jarOf(client, 'work')).toEqual(['added=here', 'sid=2'])
      expect(txt(b)).toEqual(['added=here', 'sid=2'])
    })
    // Written long ago: older than what is known.
    writeFileSync(b, readFileSync(b, 'latin1').replace('sid\t2', 'sid\told'))
    utimesSync(b, 1_000_000_000, 1_000_000_000)
    await vi.waitFor(async () => {
      expect(txt(b)).toEqual(['added=here', 'sid=2'])
      expect((await client.call('sync/list', {})).items[0]?.conflicts).toMatchObject([{ name: 'sid', lost: 'cookies-txt' }])
    })
    expect(await jarOf(client, 'work')).toEqual(['added=here', 'sid=2'])
  })

  test('that is deleted is made again, whole, with the next change, and deletes nothing', async () => {
    const { client, folder } = await daemonWithFolder()
    const path = join(folder, 'a.txt')
    const { set } = await capture(client)
    await set('sid=1; Path=/', 'b=1; Path=/')
    await client.call('sync/set', { domain, targets: [{ plugin: 'cookies-txt', config: { path } }], direction: 'both' })
    await vi.waitFor(() => expect(txt(path)).toEqual(['b=1', 'sid=1']))
    unlinkSync(path)
    await client.call('sync/run', {})
    expect((await client.call('sync/list', {})).items[0]?.cookies).toBe(2)
    await set('sid=2; Path=/')
    await vi.waitFor(() => expect(txt(path)).toEqual(['b=1', 'sid=2']))
  })

  test('that cannot be read or written is told, stays as it is, and is in step once it can be', async () => {
    const { client, folder } = await daemonWithFolder()
    const path = join(folder, 'there', 'state.json')
    const failures: string[] = []
    client.on('plugin/didFail', ({ plugin, message }) => failures.push(`${plugin}: ${message}`))
    const { set } = await capture(client)
    await set('sid=1; Path=/')
    await client.call('sync/set', { domain, targets: [{ plugin: 'storage-state', config: { path } }] })
    const errorOf = async () => (await client.call('sync/list', {})).items[0]?.targets[0]?.error
    await vi.waitFor(async () => expect(await errorOf()).toBe('its folder does not exist: make it'))
    // Both at once: in a folder that is empty it would be written.
    mkdirSync(join(folder, 'being-made'))
    writeFileSync(join(folder, 'being-made/state.json'), '{"cookies": [')
    renameSync(join(folder, 'being-made'), join(folder, 'there'))
    await vi.waitFor(async () => expect(await errorOf()).toMatch(/^line 1: it is no JSON/))
    expect(readFileSync(path, 'utf8')).toBe('{"cookies": [')
    rmSync(path)
    await vi.waitFor(async () => expect(await errorOf()).toBeUndefined())
    expect(JSON.parse(readFileSync(path, 'utf8')).cookies).toMatchObject([{ name: 'sid' }])
    expect(failures).toEqual([
      'storage-state: localhost: its folder does not exist: make it',
      expect.stringMatching(/^storage-state: localhost: line 1: it is no JSON/),
    ])
  })
})

test('rules outlive the daemon, and what changed meanwhile is taken up', async () => {
  const folder = await temporaryHome()
  const path = join(folder, 'a.txt')
  const first = await startDaemon({ folder })
  const { set } = await capture(first.client)
  await set('sid=1; Path=/', 'b=1; Path=/')
  const targets = [
    { plugin: 'jar', config: { jar: 'work' } },
    { plugin: 'cookies-txt', config: { path } },
  ]
  await first.client.call('sync/set', { domain, targets, direction: 'both' })
  await vi.waitFor(async () =>
    expect([await jarOf(first.client, 'work'), txt(path)]).toEqual([
      ['b=1', 'sid=1'],
      ['b=1', 'sid=1'],
    ]),
  )
  await first.client.call('sync/run', {})
  await first.client.call('daemon/stop', {})
  await first.client.closed
  expect(statSync(join(folder, 'sync.json')).mode & 0o777).toBe(0o600)
  writeFileSync(
    path,
    readFileSync(path, 'latin1')
      .replace(/.*\tb\t.*\n/, '')
      .replace('sid\t1', 'sid\t2'),
  )
  const { client } = await startDaemon({ folder })
  expect((await client.call('sync/list', {})).items).toMatchObject([{ domain, direction: 'both' }])
  await vi.waitFor(async () => expect(await jarOf(client, 'work')).toEqual(['sid=2']))
  await client.call('sync/delete', { domain })
  expect(await client.call('sync/list', {})).toEqual({ items: [] })
  expect(existsSync(path)).toBe(true)
})

test('what a redacting session records is not handed on', async () => {
  const { client, folder } = await daemonWithFolder()
  const path = join(folder, 'a.txt')
  const { id, proxy } = await client.call('session/start', { filters: [{ plugin: 'redact', config: { cookies: ['*'] } }] })
  const origin = await startOrigin((_, response) => response.setHeader('Set-Cookie', 'sid=secret; Path=/').end(), { tls: false })
  await client.call('sync/set', { domain, targets: [{ plugin: 'cookies-txt', config: { path } }] })
  await getThrough(proxy?.port ?? 0, `${origin.url}/`)
  const changes = () => client.call('cookie/list', { sessionId: id })
  await vi.waitFor(async () => expect((await changes()).items).toMatchObject([{ cause: 'set', cookie: { name: 'sid' } }]))
  expect((await changes()).items[0]?.cookie?.value).not.toBe('secret')
  await client.call('sync/run', {})
  expect((await client.call('sync/list', {})).items[0]?.cookies).toBe(0)
})

test('what makes no sense is refused with the reason', async () => {
  const { client } = await startDaemon()
  const refused = (params: object) =>
    client.call('sync/set', params as never).then(
      () => 'taken',
      (error: Error) => error.message,
    )
  const jar = [{ plugin: 'jar', config: { jar: 'x' } }]
  expect(await refused({ domain: 'https://a.example/path', targets: jar })).toContain('is no domain: write example.com')
  expect(await refused({ domain: 'a.example', targets: [{ plugin: 'nothing' }] })).toContain(
    'there is no cookie-sync of that name; there are: ',
  )
  expect(await refused({ domain: 'a.example', targets: [{ plugin: 'jar', config: {} }] })).toContain('its config is not what it takes')
  expect(await refused({ domain: 'a.example', targets: [] })).toContain('targets')
  await expect(client.call('sync/delete', { domain: 'a.example' })).rejects.toMatchObject({ code: 1001, reason: 'ruleNotFound' })
  expect(await client.call('sync/list', {})).toEqual({ items: [] })
})

test('a target of one\u2019s own that dies is begun anew, and gets what it missed', async () => {
  const { client, folder } = await daemonWithFolder()
  const [module, path] = [join(folder, 'mortal.mjs'), join(folder, 'held.txt')]
  writeFileSync(
    module,
    `import { existsSync, writeFileSync } from 'node:fs'
export default {
  kind: 'cookie-sync', name: 'mortal', version: '1', api: 1, description: 'dies once', config: { type: 'object', properties: { path: {} } },
  create: ({ path }) => ({
    async push(changes, all) {
      if (!existsSync(path + '.died')) {
        writeFileSync(path + '.died', '')
        process.exit(3)
      }
      writeFileSync(path, all.map(({ name, value }) => name + '=' + value).join())
    },
  }),
}`,
  )
  const { set } = await capture(client)
  await client.call('sync/set', { domain, targets: [{ plugin: module, config: { path } }] })
  await set('sid=1; Path=/')
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('sid=1'))
})

test('a target of one\u2019s own that takes all memory is ended, and told', async () => {
  const { client, folder } = await daemonWithFolder()
  const module = join(folder, 'greedy.mjs')
  writeFileSync(
    module,
    `const held = []
export default {
  kind: 'cookie-sync', name: 'greedy', version: '1', api: 1, description: 'keeps more and more', config: { type: 'object' },
  create: () => ({
    push: () => new Promise(() => void setInterval(() => held.push(Buffer.alloc(32 * 1024 * 1024, 1)), 20)),
  }),
}`,
  )
  const { set } = await capture(client)
  await client.call('sync/set', { domain, targets: [{ plugin: module }] })
  await set('sid=1; Path=/')
  const target = async () => (await client.call('sync/list', {})).items[0]?.targets[0]
  await vi.waitFor(async () =>
    expect(await target()).toMatchObject({ waiting: 1, error: 'it used more than 512 MiB of memory and was ended' }),
  )
  await client.call('sync/delete', { domain })
})

test('a session that was there before, and somebody looks at, tells nothing', async () => {
  const { client, folder } = await daemonWithFolder()
  const path = join(folder, 'a.txt')
  const { session, set } = await capture(client)
  await set('old=1; Path=/')
  await client.call('session/stop', { sessionId: session.id })
  await client.call('sync/set', { domain, targets: [{ plugin: 'cookies-txt', config: { path } }] })
  await client.call('exchange/list', { sessionId: session.id, since: 'start' })
  await client.call('exchange/set', { sessionId: session.id, seq: 1, note: 'seen' })
  const other = await capture(client)
  await other.set('new=1; Path=/')
  await vi.waitFor(() => expect(txt(path)).toEqual(['new=1']))
  expect((await client.call('sync/list', {})).items[0]?.cookies).toBe(1)
})

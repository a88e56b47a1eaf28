/** `weir export --follow`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startWeir, weir } from '../support/command-line.ts'
import { capturing, pathsOf, startReceiver } from '../support/followed.ts'
import { temporaryHome } from '../support/home.ts'

const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

test('to standard output until Ctrl-C, and from there on again', async () => {
  const { env, get, client, sessionId } = await capturing()
  await get('/1')
  const first = startWeir(['export', 'live', 'jsonl', '--follow'], { env })
  await first.prints(/\/1"[^\n]*\n/)
  await get('/2')
  await first.prints(/\/2"[^\n]*\n/)
  first.kill('SIGINT')
  const { code, stdout, stderr } = await first.ended
  expect({ code, paths: pathsOf(stdout) }).toEqual({ code: 0, paths: ['/1', '/2'] })
  const [, clock = ''] = /^weir: 2 exchanges, .*, up to (c:\S+)\n$/.exec(stderr) ?? []
  await get('/3')
  const second = startWeir(['export', 'live', 'jsonl', '--follow', '--since', clock], { env })
  await second.prints(/\/3"[^\n]*\n/)
  await client.call('session/stop', { sessionId })
  const ended = await second.ended
  expect({ code: ended.code, paths: pathsOf(ended.stdout) }).toEqual({ code: 0, paths: ['/3'] })
})

test('to a file, said again it goes on there; to an endpoint, which is away for a while', async () => {
  const { env, get, client, sessionId } = await capturing()
  const receiver = await startReceiver()
  receiver.status = 503
  const out = join(await temporaryHome(), 'live.jsonl')
  const posting = startWeir(['export', 'live', 'jsonl', '--follow', '--to', receiver.url, '--header', 'X-Key: 1'], { env })
  const filing = startWeir(['export', 'live', 'jsonl', '--follow', '-o', out], { env })
  await get('/1')
  await vi.waitFor(() => expect(pathsOf(read(out))).toEqual(['/1']))
  filing.kill('SIGTERM')
  expect(await filing.ended).toMatchObject({ code: 0, stdout: '' })
  await get('/2')
  await posting.complains(/the endpoint answered 503 Service Unavailable; what is not delivered is kept/)
  receiver.status = 200
  await posting.complains(/delivered again/)
  await client.call('session/stop', { sessionId })
  expect(await posting.ended).toMatchObject({ code: 0, stdout: '' })
  expect(pathsOf(receiver.taken())).toEqual(['/1', '/2'])
  expect(receiver.batches[0]?.headers['x-key']).toBe('1')
  expect(await weir(['export', 'live', 'jsonl', '--follow', '-o', out], { env })).toMatchObject({ code: 0 })
  expect(pathsOf(read(out))).toEqual(['/1', '/2'])
})

test('what cannot be is said, with the way out', async () => {
  const { env, get } = await capturing()
  await get('/1')
  const refused = async (...words: string[]) => {
    const { code, stderr, stdout } = await weir(['export', 'live', ...words], { env })
    expect(stdout).toBe('')
    return `${code} ${stderr}`
  }
  expect(await refused('har', '--follow')).toMatch(/^1 weir: exporter har cannot follow a session: .*jsonl can/)
  expect(await refused('jsonl', '--to', 'http://localhost')).toMatch(/^2 weir: --to goes with --follow/)
  expect(await refused('jsonl', '--follow', '--header', 'A: b')).toMatch(/^2 weir: --header goes with --to/)
  const receiver = await startReceiver()
  receiver.status = 401
  const unauthorized = await refused('jsonl', '--follow', '--to', receiver.url)
  expect(unauthorized).toMatch(
    /^1 weir: delivered up to c:\S+:0, for --since\nweir: the endpoint answered 401 Unauthorized: an answer; correct the URL/,
  )
})

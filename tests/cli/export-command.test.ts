/** `weir export`: files out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'

test('to standard output, and nothing else on it, or to a file', async () => {
  const { weir, folder } = await startCaller()
  const origin = await startOrigin((_, response) => response.setHeader('content-type', 'text/plain').end('hello'))
  await weir(['capture', '--name', 'it', '--', 'curl', '-sS', `${origin.url}/x`])
  const piped = await weir(['export', 'it', 'har'])
  expect({ code: piped.code, stderr: piped.stderr }).toEqual({ code: 0, stderr: '' })
  const { log } = JSON.parse(piped.stdout)
  expect(log.entries).toHaveLength(1)
  expect(log.entries[0]).toMatchObject({ request: { url: `${origin.url}/x` }, response: { content: { text: 'hello' } } })

  const filed = await weir(['export', 'it', 'har', '-o', 'a file.har'], { cwd: folder })
  expect({ code: filed.code, stdout: filed.stdout }).toEqual({ code: 0, stdout: '' })
  expect(filed.stderr).toMatch(/^weir: 1 exchange, .* in .*\/a file\.har\n$/)
  expect(JSON.parse(readFileSync(join(folder, 'a file.har'), 'utf8')).log.entries).toEqual(log.entries)
})

test('only what matches, with --where', async () => {
  const { weir } = await startCaller()
  const origin = await startOrigin((_, response) => response.end('hello'), { tls: false })
  const urls = ['/a', '/b', '/ab'].flatMap((path) => ['-o', '/dev/null', origin.url + path])
  await weir(['capture', '--name', 'it', '--', 'curl', '-sS', ...urls])
  const { stdout } = await weir(['export', 'it', 'har', '--where', 'path:/a*'])
  const { entries } = JSON.parse(stdout).log as { entries: { request: { url: string } }[] }
  expect(entries.map(({ request }) => request.url)).toEqual([`${origin.url}/a`, `${origin.url}/ab`])
})

test('of any size, through a pipe', async () => {
  const { weir, env } = await startCaller()
  const TMPDIR = await temporaryHome()
  const origin = await startOrigin((_, response) => response.setHeader('content-type', 'text/plain').end('0123456789'.repeat(1_200_000)))
  await weir(['capture', '--name', 'it', '--', 'curl', '-sS', '-o', '/dev/null', origin.url])
  const { code, stdout, stderr } = await weir(['export', 'it', 'har'], { env: { ...env, TMPDIR } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout).log.entries[0].response.content.text).toHaveLength(12_000_000)
  expect(readdirSync(TMPDIR)).toEqual([])
})

test('what cannot be exported is said, and nothing is written', async () => {
  const { weir, folder } = await startCaller()
  await weir(['capture', '--name', 'it', '--', 'true'])
  const unknown = await weir(['export', 'it', 'hare', '-o', join(folder, 'x')])
  expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 1, stdout: '' })
  expect(unknown.stderr).toMatch(/^weir: there is no exporter .*\bhar\b/)
  const where = await weir(['export', 'it', 'har', '--where', 'hots:a'])
  expect(where.code).toBe(1)
  expect(where.stderr).toMatch(/^weir: .*hots/)
  const option = await weir(['export', 'it', 'har', '--set', 'no-such-option=1'])
  expect(option.code).toBe(1)
  expect(option.stderr).toContain('no-such-option')
  const place = await weir(['export', 'it', 'har', '-o', join(folder, 'missing', 'x.har')])
  expect(place.code).toBe(1)
  expect(place.stderr).toMatch(/^weir: .+\n$/)
  expect(existsSync(join(folder, 'x'))).toBe(false)
})

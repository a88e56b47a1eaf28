/** weir sync. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

test('a rule is made, shown, run and ended; paths are those of the caller', async () => {
  const { weir, json, folder } = await startCaller()
  const origin = await startOrigin((_, response) => response.setHeader('Set-Cookie', 'sid=1; Path=/').end(), { tls: false })
  expect((await weir(['sync', 'list'])).stderr).toContain('there is no sync rule; make one with: weir sync set DOMAIN --to TARGET')
  const made = await weir(
    ['sync', 'set', 'localhost', '--to', 'jar:jar=work', '--to', 'cookies-txt:path=mine.txt', '--direction', 'both'],
    { cwd: folder },
  )
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).toBe(`localhost  both, 0 cookies\n  jar work  in step\n  cookies-txt ${join(folder, 'mine.txt')}  in step\n`)
  expect((await weir(['capture', '--', 'curl', '-sS', '-o', '/dev/null', `${origin.url}/`])).code).toBe(0)
  await vi.waitFor(() => expect(existsSync(join(folder, 'mine.txt'))).toBe(true))
  expect((await weir(['sync', 'run', 'localhost'])).code).toBe(0)
  expect(await json('sync', 'list')).toMatchObject([{ domain: 'localhost', direction: 'both', cookies: 1 }])
  expect((await weir(['sync', 'delete', 'localhost'])).code).toBe(0)
  expect(await json('sync', 'list')).toEqual([])
})

test('what makes no sense is said', async () => {
  const { weir } = await startCaller()
  const said = async (...words: string[]) => {
    const { code, stderr } = await weir(['sync', ...words])
    return `${code} ${stderr}`
  }
  expect(await said('set', 'a.example')).toMatch(/^2 weir: name a target: weir sync set DOMAIN --to /)
  expect(await said('set', 'a.example', '--to', 'fax:number=1')).toMatch(/^1 weir: there is no cookie-sync of that name; there are: /)
  expect(await said('set', 'https://a.example/x', '--to', 'jar:jar=w')).toMatch(/^1 weir: .* is no domain: write example.com/)
  expect(await said('set', 'a.example', '--to', 'jar:jar=w', '--direction', 'up')).toMatch(/^2 weir: --direction is one of out, in, both/)
  expect(await said('delete', 'a.example')).toMatch(/^1 weir: there is no sync rule for "a.example"; there are: none/)
})

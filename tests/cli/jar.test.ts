/** weir jar ... */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startCaller } from '../support/caller.ts'

const url = 'https://www.shop.example/'

test('a jar is filled, shown, exported, imported, cleared and removed', async () => {
  const { weir, json, folder } = await startCaller()
  expect(await weir(['jar', 'list'])).toMatchObject({ code: 0, stderr: expect.stringContaining('there is no jar yet') })
  const set = await weir(['jar', 'set', 'work', url, 'a=1; Secure; Domain=shop.example', 'b=\u00e9', 'c=3; Domain=other.example'])
  expect(set).toMatchObject({
    code: 1,
    stdout: 'set: a of shop.example/\nset: b of www.shop.example/\nrejected (foreignDomain): c of other.example/\n',
  })
  expect((await weir(['jar', 'show', 'work'])).stdout).toMatch(
    /^DOMAIN +PATH +UNTIL +FLAGS +COOKIE\n\.shop\.example +\/ +- +Secure +a=1\nwww\.shop\.example +\/ +- +- +b=/,
  )
  expect(await json('jar', 'show', 'work', '--url', 'http://www.shop.example/')).toMatchObject([{ name: 'b', value: '\u00c3\u00a9' }])
  expect(await json('jar', 'show', 'work', '--domain', 'www.shop.example')).toMatchObject([{ name: 'b' }])
  expect((await weir(['jar', 'export', 'work', 'cookies-txt'])).stdout).toContain('.shop.example\tTRUE\t/\tTRUE\t0\ta\t1\n')
  const file = join(folder, 'state.json')
  expect((await weir(['jar', 'export', 'work', 'storage-state', '-o', file])).stderr).toContain('2 cookies in')
  expect(JSON.parse(readFileSync(file, 'utf8')).cookies).toHaveLength(2)
  expect((await weir(['jar', 'import', 'other', file])).stdout).toBe('2 cookies set, 0 updated, 0 expired already (storage-state)\n')
  expect(await json('jar', 'list')).toMatchObject([
    { name: 'other', cookies: 2 },
    { name: 'work', cookies: 2 },
  ])
  expect((await weir(['jar', 'rm', 'work', 'a'])).stdout).toBe('1 cookie deleted\n')
  expect(await weir(['jar', 'clear', 'work'])).toMatchObject({ code: 2, stderr: expect.stringContaining('confirm with --yes') })
  expect((await weir(['jar', 'clear', 'work', '--yes'])).stdout).toBe('1 cookie deleted\n')
  expect((await weir(['jar', 'rm', 'other', '--yes'])).stdout).toBe('2 cookies deleted, and the jar\n')
  expect(await json('jar', 'list')).toMatchObject([{ name: 'work', cookies: 0 }])
})

test('what is wrong is said: no such jar, a line that is no cookie, what the rules refuse', async () => {
  const { weir, folder } = await startCaller()
  expect(await weir(['jar', 'show', 'typo'])).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no jar "typo"') })
  const file = join(folder, 'cookies.txt')
  writeFileSync(file, '# Netscape HTTP Cookie File\nshop.example\tno\n.co.uk\tTRUE\t/\tFALSE\t0\ta\t1\n')
  expect(await weir(['jar', 'import', 'work', file])).toMatchObject({ code: 1, stderr: expect.stringContaining('line 2: it has 2 fields') })
  expect(await weir(['jar', 'import', 'work', file, '--keep-good'])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/left out: line 2: .*\nweir: rejected: line 3: a of co\.uk: publicSuffix\n/),
  })
  expect(await weir(['jar', 'export', 'work', 'har'])).toMatchObject({ code: 2 })
})

test('jars are offered where one is named', async () => {
  const { weir } = await startCaller()
  await weir(['jar', 'set', 'work', url, 'a=1'])
  expect((await weir(['completion', 'words', '--', 'jar', 'show', ''])).stdout).toBe('work\t1 cookie\n')
  expect((await weir(['completion', 'words', '--', 'jar', 'export', 'work', 'n'])).stdout).toBe('newman\n')
})

/** `--redact`: a level, or rules of one's own, for exports and what is read. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseRedact } from '../../daemon/cli/redact-option.ts'
import { startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

test('what is neither a level nor a file of rules is refused, and says what would do', () => {
  expect(parseRedact('strict')).toBe('strict')
  expect(() => parseRedact('all')).toThrow(/^--redact is one of off, standard, strict, or @FILE with rules of your own, not "all"$/)
  expect(() => parseRedact('@/no/such/file')).toThrow(/^--redact names a file of JSON, and "\/no\/such\/file" is none: ENOENT/)
})

test('rules of one’s own come from a file', async () => {
  const { weir, folder } = await startCaller()
  const origin = await startOrigin(
    (_, response) => response.setHeader('content-type', 'application/json').end('{"iban":"DE1234567890","token":"t-0123456789"}'),
    {
      tls: false,
    },
  )
  await weir(['capture', '--name', 'it', '--', 'curl', '-sS', '-H', 'X-Tenant: tenant-4711', `${origin.url}/?page=12`])
  const rules = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return ['--redact', `@${name}`]
  }
  const own = rules('rules.json', '{"headers": ["x-tenant"], "keys": ["iban"]}')
  const exported = await weir(['export', 'it', 'har', ...own], { cwd: folder })
  expect(exported.stderr).toBe('weir: redacted (own): 2 secrets; --redact off exports all as it was\n')
  expect(exported.stdout).not.toMatch(/DE1234567890|tenant-4711/)
  expect(exported.stdout).toContain('t-0123456789')

  const wrong = await weir(['export', 'it', 'har', ...rules('wrong.json', '{"header": ["x-tenant"]}')], { cwd: folder })
  expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 1, stdout: '' })
  expect(wrong.stderr).toContain('/redact/header: is not known here')
  const list = await weir(['export', 'it', 'har', ...rules('list.json', '[]')], { cwd: folder })
  expect({ code: list.code, stderr: list.stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('holds no object') })

  const standard = ['--redact', 'standard']
  for (const command of [
    ['show', 'it', '1'],
    ['body', 'it', '1', 'response', '--decode'],
    ['body', 'it', '1', 'response', '--text'],
    ['search', 'it', 'iban'],
  ]) {
    expect((await weir(command)).stdout, `${command}`).toContain('t-0123456789')
    const { code, stdout } = await weir([...command, ...standard])
    expect(code, `${command}`).toBe(0)
    expect(stdout).toContain('redacted-')
    expect(stdout).not.toContain('t-0123456789')
  }
  const strict = await weir(['ls', 'it', '--redact', 'strict', '--json'])
  expect(strict.stdout).toMatch(/\?page=redacted-[0-9a-f]{16}"/)
  expect(await weir(['body', 'it', '1', 'response', ...standard])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--redact needs --decode or --text'),
  })
  expect((await weir(['search', 'it', 't-0123', ...standard])).stdout).toBe('')
})

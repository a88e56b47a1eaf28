import { describe, expect, test } from 'vitest'
import { commands } from '../../daemon/cli/commands.ts'
import { UsageError } from '../../daemon/cli/exit.ts'
import type { Given } from '../../daemon/cli/given.ts'
import { parse } from '../../daemon/cli/program.ts'
import { findSession } from '../../daemon/cli/session-argument.ts'
import type { Session } from '../../sdk/model.ts'

function given(...argv: string[]): { name: string; given: Given } {
  const parsed = parse(argv, commands, '1.2.3')
  if (!('run' in parsed)) throw new Error(`no command: ${parsed.text}`)
  return { name: parsed.run.name, given: parsed.given }
}

function said(...argv: string[]): { code: number; text: string } {
  const parsed = parse(argv, commands, '1.2.3')
  if (!('text' in parsed)) throw new Error(`a command: ${parsed.run.name}`)
  return parsed
}

describe('the words of a command line', () => {
  test('name a command of one word or two', () => {
    expect(given('sessions').name).toBe('sessions')
    expect(given('session', 'rename', 'last', 'new name').name).toBe('session rename')
    expect(given('session', 'rename', 'last', 'new name').given.required('name')).toBe('new name')
  })

  test('every command of the table can be reached, and its module has it', async () => {
    for (const spec of commands) {
      const words = (spec.arguments ?? []).filter(({ optional }) => !optional).map(() => '1')
      const found = given(...spec.name.split(' '), ...words)
      expect(found.name).toBe(spec.name)
      expect(await spec.load(), spec.name).toBeTypeOf('function')
    }
  })

  test('carry options, repeated ones too', () => {
    const { given: capture } = given('capture', '--port', '0', '--insecure', 'a', '--insecure', '*.b', '--bypass', 'c', '--name', 'x y')
    expect(capture.number('port')).toBe(0)
    expect(capture.list('insecure')).toEqual(['a', '*.b'])
    expect(capture.list('bypass')).toEqual(['c'])
    expect(capture.text('name')).toBe('x y')
    expect(capture.rest('command')).toEqual([])
  })

  test('after -- belong to the command that is run, options, dashes and all', () => {
    const { given: capture } = given('capture', '--name', 'n', '--', 'curl', '-v', '--', '--name', '')
    expect(capture.rest('command')).toEqual(['curl', '-v', '--', '--name', ''])
    expect(capture.text('name')).toBe('n')
  })

  test('-- lets a query begin with a dash', () => {
    expect(given('ls', 'last', '--', '-type:image', 'host:a').given.rest('query')).toEqual(['-type:image', 'host:a'])
  })
})

describe('a mistake on the command line', () => {
  test.each([
    [['sesions'], 'Did you mean sessions'],
    [['ls', '--jsn'], 'Did you mean --json'],
    [['show', 'last'], "missing required argument 'seq'"],
    [['stop', 'now'], 'too many arguments'],
    [['export', 'last', 'har', '-o'], 'argument missing'],
    [[], 'Usage: weir'],
    [['session'], 'rename'],
  ])('%j says what is wrong, with exit code 2', (argv, words) => {
    const { code, text } = said(...argv)
    expect(code).toBe(2)
    expect(text).toContain(words)
  })

  test.each([
    [['capture', '--port', '65536'], '--port is a whole number from 0 to 65535'],
    [['capture', '--port', '1e3'], '--port'],
    [['ls', '--sort', 'age'], '--sort is one of time, size, dur'],
    [['ls', '-n', '0'], '--limit'],
    [['export', 'last', 'har', '--set', 'novalue'], '--set takes KEY=VALUE'],
    [['capture', 'curl', '-v', 'http://x'], 'weir capture -- curl -v http://x'],
    [['capture', '--'], 'no command after --'],
  ])('%j says what would be right', (argv, words) => {
    expect(() => parse(argv, commands, '1')).toThrow(UsageError)
    expect(() => parse(argv, commands, '1')).toThrow(words)
  })

  test('cannot smuggle escape sequences into the answer', () => {
    expect(said('\x1b[2Jx').text).not.toContain('\x1b')
  })
})

describe('help', () => {
  test('is asked for and no failure', () => {
    expect(said('--help').code).toBe(0)
    expect(said('help').code).toBe(0)
    expect(said('capture', '--help').text).toContain('127 when it was not found')
    expect(said('--version')).toEqual({ code: 0, text: '1.2.3\n' })
  })

  test('names every command', () => {
    const { text } = said('--help')
    for (const { name } of commands) expect(text).toContain(`  ${name.split(' ')[0]} `)
  })
})

describe('SESSION', () => {
  const session = (id: string, name: string, startedAt: number) => ({ id, name, startedAt }) as Session
  const sessions = [session('01A', 'tests', 1), session('01B', 'nightly', 2), session('01C', 'tests', 3), session('01D', '01A', 4)]

  test('is an id before it is a name, and the newest of a name', () => {
    expect(findSession(sessions, '01A')?.id).toBe('01A')
    expect(findSession(sessions, 'tests')?.id).toBe('01C')
    expect(findSession(sessions, 'nightly')?.id).toBe('01B')
  })

  test('last is the newest', () => {
    expect(findSession(sessions, 'last')?.id).toBe('01D')
    expect(findSession([], 'last')).toBeUndefined()
    const sent = { ...(sessions[0] as Session), id: '01E', name: 'sent', startedAt: 9e12 }
    expect(findSession([...sessions, sent], 'last')?.id).toBe('01D')
    expect(findSession([sent], 'last')?.id).toBe('01E')
  })

  test('anything else is none', () => {
    expect(findSession(sessions, 'test')).toBeUndefined()
  })
})

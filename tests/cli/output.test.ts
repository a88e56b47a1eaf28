import { PassThrough, Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { endingOf, NoDaemon, UsageError } from '../../daemon/cli/exit.ts'
import { Output, OutputClosed } from '../../daemon/cli/output.ts'
import { invalidParams, notFound, unavailable } from '../../sdk/errors.ts'

/** A terminal of so many colours. */
const terminal = (depth = 8) => Object.assign(new PassThrough(), { isTTY: true, columns: 90, getColorDepth: () => depth })

afterEach(() => vi.unstubAllEnvs())

describe('output', () => {
  test('is coloured on a terminal, and only there', () => {
    for (const name of ['FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS']) vi.stubEnv(name, undefined)
    expect(new Output(terminal()).style('red', 'x')).toBe('\x1b[31mx\x1b[39m')
    expect(new Output(new PassThrough()).style('red', 'x')).toBe('x')
    expect(new Output(terminal(1)).style('red', 'x')).toBe('x')
  })

  test('is as wide as its terminal, and without bound elsewhere', () => {
    expect(new Output(terminal()).width).toBe(90)
    expect(new Output(new PassThrough()).width).toBe(Infinity)
  })

  test('waits for a slow reader', async () => {
    const slow = new PassThrough({ highWaterMark: 1 })
    const output = new Output(slow)
    let written = false
    const writing = output
      .write('a')
      .then(() => output.write('bcd'))
      .then(() => (written = true))
    await new Promise(setImmediate)
    expect(written).toBe(false)
    slow.resume()
    await writing
    expect(written).toBe(true)
  })

  test('tells a reader that left from a disk that is full', async () => {
    const failing = (code: string) =>
      new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code, syscall: 'write' })) })
    await expect(new Output(failing('EPIPE')).line()).rejects.toBeInstanceOf(OutputClosed)
    await expect(new Output(failing('ENOSPC')).line()).rejects.toThrow('ENOSPC')
  })
})

describe('the end of a command', () => {
  test.each([
    [new OutputClosed(), 0, ''],
    [new UsageError('say it like this'), 2, 'say it like this'],
    [new NoDaemon('none'), 3, 'none'],
    [notFound('sessionNotFound', 'no such session'), 1, 'no such session'],
    [unavailable('connectionLost', 'lost'), 3, 'lost'],
    [invalidParams('invalidParams', 'wrong params', [{ path: '/a', message: 'is no number' }]), 1, 'wrong params\n  /a: is no number'],
    [invalidParams('invalidParams', 'a: is no number', [{ path: '/a', message: 'is no number' }]), 1, 'a: is no number'],
    [Object.assign(new Error('ENOSPC: no space'), { syscall: 'write' }), 1, 'ENOSPC: no space'],
    [notFound('x', 'escape \x1b[2J\u202e'), 1, 'escape \\x1b[2J\\u202e'],
  ])('%s', (error, code, message) => {
    expect(endingOf(error)).toEqual({ code, message })
  })
})

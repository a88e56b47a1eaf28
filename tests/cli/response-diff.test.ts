/** What differs between two responses: headers by name, JSON by structure, texts by lines, others by bytes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffBodies, diffHeaders } from '../../daemon/cli/response-diff.ts'
import type { Headers, Response } from '../../sdk/model.ts'

const response = (type: string): Response => ({
  status: 200,
  reason: '',
  httpVersion: '1.1',
  headers: [['Content-Type', type]],
  trailers: [],
  informational: [],
  bodySize: 0,
  truncated: false,
})

const diff = (before: string | Buffer, after: string | Buffer, type = 'text/plain') => {
  const [old, now] = [Buffer.from(before), Buffer.from(after)]
  return diffBodies(response(type), { bytes: old, size: old.length }, response(type), { bytes: now, size: now.length })
}

describe('headers', () => {
  it('are compared by name, whatever its case, and what repeats in its order', () => {
    const before: Headers = [
      ['A', '1'],
      ['Set-Cookie', 'x'],
      ['Set-Cookie', 'y'],
      ['Gone', ''],
    ]
    const after: Headers = [
      ['set-cookie', 'y'],
      ['set-cookie', 'x'],
      ['a', '1'],
      ['New', 'n'],
    ]
    expect(diffHeaders(before, after)).toEqual([
      { name: 'set-cookie', before: ['x', 'y'], after: ['y', 'x'] },
      { name: 'gone', before: [''], after: [] },
      { name: 'new', before: [], after: ['n'] },
    ])
  })
})

describe('bodies', () => {
  it('that are the same do not differ', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(diff(Buffer.from(bytes), Buffer.from(bytes))).toBeNull()
      }),
    )
  })

  it('of JSON differ where their values do, and nowhere else', () => {
    expect(diff('{"a":1,"b":[1,2]}', '{"b":[1,3],"c":null}')).toEqual({
      kind: 'json',
      changes: expect.arrayContaining([
        { path: ['a'], before: 1 },
        { path: ['b', 1], before: 2, after: 3 },
        { path: ['c'], after: null },
      ]),
    })
    expect(diff('{"a":1, "b":2}', '{"b":2,"a":1}')).toEqual({ kind: 'json', changes: [] })
    expect(diff('{"toString":1,"__proto__":1}', '{"constructor":2,"__proto__":3}')).toEqual({
      kind: 'json',
      changes: expect.arrayContaining([
        { path: ['toString'], before: 1 },
        { path: ['constructor'], after: 2 },
        { path: ['__proto__'], before: 1, after: 3 },
      ]),
    })
    expect(diff('1', '"1"')).toEqual({ kind: 'json', changes: [{ path: [], before: 1, after: '1' }] })
  })

  it('of JSON have changes exactly when their values differ', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        const found = diff(one, other)
        const same = one === other || JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other))
        if (same) expect(found === null || (found.kind === 'json' && found.changes.length === 0)).toBe(true)
        else expect(found?.kind).toBe('json')
      }),
    )
  })

  it('that are nested too deeply, or differ in too much, are compared all the same', () => {
    const deep = (bottom: string) => `${'['.repeat(200_000)}${bottom}${']'.repeat(200_000)}`
    expect(diff(deep('1'), deep('2'))).toMatchObject({ kind: 'text' })
    const lines = (of: string) => Array.from({ length: 20_000 }, (_, line) => `${of} ${line}\n`).join('')
    expect(diff(lines('a'), lines('b'))).toMatchObject({ kind: 'bytes' })
  })

  it('of text differ by lines, of bytes by their sizes', () => {
    expect(diff('a\nb\n', 'a\nc\n')).toEqual({ kind: 'text', lines: [' a', '-b', '+c'] })
    expect(diff(Buffer.from([0, 1]), Buffer.from([0]))).toEqual({ kind: 'bytes', before: 2, after: 1 })
  })
})

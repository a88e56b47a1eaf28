import { describe, expect, it } from 'vitest'
import { WeirError } from '../../sdk/errors.ts'
import { parseQuery, queryLimits } from '../../sdk/query.ts'

function refusal(text: string): WeirError {
  try {
    parseQuery(text)
  } catch (error) {
    if (error instanceof WeirError) return error
    throw error
  }
  throw new Error(`${text} is a query`)
}

describe('what is no query is refused', () => {
  it.each([
    ['staus:200', 0, 'staus', 'status'],
    ['host:a AND (methd:GET)', 12, 'methd', 'method'],
    ['heder.x-id:1', 0, 'heder.x-id', 'header.NAME'],
    ['tls.versoin:1.3', 0, 'tls.versoin', 'tls.version'],
    ['state:opne', 6, 'opne', 'open'],
    ['type:jsn', 5, 'jsn', 'json'],
    ['error:dnsNotfound', 6, 'dnsNotfound', 'dnsNotFound'],
    ['method:GET scheme:ftp', 18, 'ftp', null],
  ])('%s with its place, its unknown word and the nearest known one', (text, position, word, nearest) => {
    const { code, data } = refusal(text)
    expect({ code, ...data }).toMatchObject({ code: -32602, reason: 'invalidQuery', position, word, nearest })
    expect(data.known).toContain(nearest ?? 'https')
  })

  it.each([
    ['host:', 5],
    ['host:a,', 7],
    ['(host:a', 0],
    ['host:a)', 6],
    ['()', 1],
    ['a OR', 4],
    ['OR a', 0],
    ['NOT', 3],
    ['"open', 0],
    ['path:"/a"b', 9],
    ['path:a\\', 6],
    ['status:abc', 7],
    ['status:500..400', 7],
    ['status~5', 7],
    ['dur:>1mb', 5],
    ['size:1ms', 5],
    ['from:yesterday', 5],
    ['from:2026-13-01', 5],
    ['path:>a', 6],
    ['host.name:a', 0],
    ['path=~[', 6],
    ['path=~(?=a)', 6],
    ['path=~"(a)\\1"', 6],
    ['path=~(?<!a)b', 6],
    ['path=~(a{1000}){1000}', 6],
  ])('%j at position %i', (text, position) => {
    expect(refusal(text).data).toMatchObject({ reason: 'invalidQuery', position })
  })

  it('because it is too long, nests too deep or has too many terms, soon', () => {
    expect(refusal('a'.repeat(10_000_000)).message).toContain('at most 65536 characters')
    expect(refusal('('.repeat(queryLimits.length)).message).toContain('nests deeper than 64')
    expect(refusal('-'.repeat(queryLimits.length)).message).toContain('nests deeper than 64')
    expect(refusal('NOT '.repeat(1000)).message).toContain('nests deeper than 64')
    expect(refusal('a '.repeat(2000)).message).toContain('more than 1000 terms')
    expect(refusal(`host:${'a,'.repeat(2000)}`).message).toMatch(/more than 1000 terms|missing/)
    expect(parseQuery(`${'('.repeat(64)}a${')'.repeat(64)}`)).toEqual(parseQuery('a'))
  })

  it('with a sentence that says what to do', () => {
    expect(refusal('example.com:8080').message).toBe(
      'the query is not valid at position 0: the field "example.com" is not known; known are ' +
        `${(refusal('example.com:8080').data.known as string[]).join(', ')} (put quotes around a text that is to be found in the URL)`,
    )
    expect(refusal('path=~(?=a)').message).toContain('look-ahead and look-behind are not in RE2 syntax')
    expect(refusal('path=~(a)\\1').message).toContain('back-references are not in RE2 syntax')
  })
})

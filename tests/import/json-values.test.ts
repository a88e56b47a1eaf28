import { expect, it } from 'vitest'
import { parseJson } from '../../daemon/import/json-values.ts'

it.each([
  ['{"a":\n1,\n x}', 'it is no JSON: Expected double-quoted property name (line 7, column 2)'],
  ['[1,\n2,}', "it is no JSON: Unexpected token '}' (line 6, column 3)"],
  ['["\u00fc",\nnope]', "it is no JSON: Unexpected token 'o' (line 6, column 2)"],
  ['{"a":"b', 'it is no JSON: Unterminated string (line 5, column 8)'],
  ['', 'it is no JSON: Unexpected end of JSON input'],
])('%j: %s', (text, message) => {
  expect(() => parseJson(Buffer.from(text), 5)).toThrow(new Error(message))
})

it('bytes that are not UTF-8 are said to be none', () => {
  expect(() => parseJson(Buffer.from('"\u00ff"', 'latin1'), 1)).toThrow('it is not UTF-8')
})

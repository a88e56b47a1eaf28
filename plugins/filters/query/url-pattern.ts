/** What url-contains and url-excludes are told. */
import type { Query, Test } from '../../../sdk/query.ts'
import { anyOf, textOrTexts } from './any-of.ts'

interface UrlPattern {
  text?: string | string[]
  regex?: string
}

export const urlConfig = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    text: textOrTexts('A text to be found in the URL, or several: any of them'),
    regex: { type: 'string', minLength: 1, description: 'RE2 syntax; it need not match the whole URL' },
  },
} as const

export function urlQuery({ text = [], regex }: UrlPattern): Query {
  const tests = [text].flat().map((part): Test => ({ type: 'contains', pieces: [part] }))
  return anyOf('url', regex === undefined ? tests : [...tests, { type: 'regex', source: regex }])
}

/** What the filters are told that record some values of a field, or all but some. */
import { printQuery, type Query } from '../../../sdk/query.ts'
import { not, textOrTexts } from './any-of.ts'

interface Choice {
  only?: string | string[]
  except?: string | string[]
}

export const choiceConfig = (what: string, items: object = {}) => {
  const values = textOrTexts(what)
  const [one, several] = values.anyOf
  const allowed = {
    ...values,
    anyOf: [
      { ...one, ...items },
      { ...several, items: { ...one, ...items } },
    ],
  }
  return { type: 'object', additionalProperties: false, minProperties: 1, properties: { only: allowed, except: allowed } } as const
}

/** @param queryOf any of these values */
export function choose({ only, except }: Choice, queryOf: (values: string[]) => Query): string {
  const parts: Query[] = []
  if (only !== undefined) parts.push(queryOf([only].flat()))
  if (except !== undefined) parts.push(not(queryOf([except].flat())))
  return printQuery(parts.length === 1 ? (parts[0] as Query) : { type: 'and', of: parts })
}

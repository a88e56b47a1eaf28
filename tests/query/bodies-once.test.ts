import { expect, it } from 'vitest'
import type { Part } from '../../sdk/model.ts'
import { queryPredicate } from '../../sdk/query.ts'
import { expectedExchange, newRecord } from '../support/records.ts'

it('a body is read once for each exchange, however many terms ask for it', () => {
  const isWanted = queryPredicate('body:one OR body~two OR resp.json.x:3 OR NOT (req.body:body AND resp.body:body)')
  const exchange = expectedExchange(newRecord(1), 's')
  const read: Part[] = []
  const bodyOf = (part: Part) => {
    read.push(part)
    return part === 'request' ? null : Buffer.from('the body')
  }
  expect(isWanted(exchange, bodyOf)).toBe(true)
  expect(read).toEqual(['request', 'response'])
  expect(isWanted(exchange, bodyOf)).toBe(true)
  expect(read).toEqual(['request', 'response', 'request', 'response'])
})

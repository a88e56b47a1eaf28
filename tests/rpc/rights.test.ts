/** The table of rights: every method is in it, and what a paired client may do follows from it. */
import { describe, expect, it } from 'vitest'
import { type Grant, mayCall, mayHear, refuseForbidden } from '../../daemon/rpc/rights.ts'
import { type Method, type Notification, notifications, requests } from '../../sdk/protocol.ts'
import { extensionRights, type Right, rightNames } from '../../sdk/rights.ts'

const methods = Object.keys(requests) as Method[]
const grant = (...rights: Right[]): Grant => ({ tokenId: 't', origin: null, rights: new Set(rights) })
const allowed = (...rights: Right[]) => methods.filter((method) => mayCall(grant(...rights), method))

describe('the table of rights', () => {
  it('knows every method and notification', () => {
    for (const method of methods) expect(() => mayCall(grant(), method), method).not.toThrow()
    for (const name of Object.keys(notifications) as Notification[]) expect(mayHear(grant(), name), name).toBeTypeOf('boolean')
  })

  it('allows the user everything', () => {
    expect(methods.filter((method) => mayCall(null, method))).toEqual(methods)
    for (const method of methods) expect(() => refuseForbidden(null, method, { out: '/tmp', path: '/tmp', filters: [] })).not.toThrow()
  })

  it('allows a token without rights to ask who is there, and nothing else', () => {
    expect(allowed()).toEqual(['initialize', 'rpc.discover'])
  })

  it('has a use for each right', () => {
    for (const right of rightNames.filter((name) => name !== 'plugins' && name !== 'feed'))
      expect(allowed(right).length, right).toBeGreaterThan(2)
  })

  it('keeps the daemon itself to its user', () => {
    expect(methods.filter((method) => !allowed(...rightNames).includes(method))).toEqual([
      'daemon/stop',
      'websocket/start',
      'websocket/stop',
      'pairing/start',
      'token/list',
      'token/delete',
    ])
    expect(mayHear(grant(...rightNames), 'pairing/didEnd')).toBe(false)
  })

  it('lets an extension neither send, export, delete nor change', () => {
    const own = allowed(...extensionRights)
    for (const method of methods.filter((name) => /send|replay|\/run|export$|import|delete|\/set|clear|sql|daemon\/stop/.test(name)))
      expect(own, method).not.toContain(method)
    for (const method of ['session/start', 'session/stop', 'session/pause', 'session/resume', 'exchange/list'] as const)
      expect(own).toContain(method)
  })
})

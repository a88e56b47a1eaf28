/**
 * How this page comes to its token: `weir open` puts a code that works once into the fragment, which no server sees. The token stays in this
 * tab (sessionStorage), so that a reload needs no new code.
 */
import { CallError } from './connection.js'

const kept = 'weir.token'
/** The transport's close code for a token that is worth nothing. */
const tokenUnknown = 4401
const askAgain = 'This page has no access to weir, or no longer: run weir open again.'

/** What the fragment says; it is taken out of the address. */
export function entryFrom(/** @type {Location} */ { hash, pathname, search }) {
  const given = new URLSearchParams(hash.slice(1))
  history.replaceState(null, '', pathname + search)
  return { code: given.get('code') ?? '', sessionId: given.get('session') ?? '' }
}

/** @param {string} code */
async function redeem(code) {
  const answer = await fetch('/pair', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code, name: 'viewer' }),
  })
  const { token, error } = await answer.json()
  if (error) throw new CallError(error)
  sessionStorage.setItem(kept, token)
}

/** Opens sockets with the token of this tab; a code is used first, once. @param {string} code */
export function opener(code) {
  let left = code
  /** @returns {Promise<WebSocket>} */
  return async () => {
    if (left !== '') {
      await redeem(left)
      left = ''
    }
    const token = sessionStorage.getItem(kept)
    if (token === null) throw new CallError({ code: 1005, message: askAgain, data: { reason: 'noToken' } })
    const url = new URL('/rpc', location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(url, ['weir', `weir.token.${token}`])
    return new Promise((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error('nobody answers there')))
      socket.addEventListener('open', () => resolve(socket))
    })
  }
}

/** Whether a socket ended for a reason that stays. @param {CloseEvent} event */
export const refusalOf = ({ code, reason }) => (code === tokenUnknown || reason === 'tokenRevoked' ? askAgain : null)

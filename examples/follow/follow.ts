/** node follow.ts SESSION FILE: the same as follow.py beside it, with the SDK. It also survives restarts of the daemon. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { follow } from '../../sdk/follow.ts'

const [, , sessionId = '', file = ''] = process.argv
const kept = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
const since = kept.findLast((line) => line.startsWith('clock '))?.slice('clock '.length) ?? 'start'

for await (const { items, clock } of follow({ sessionId, since })) {
  const lines = items.map(({ seq, state, request }) => `${seq} ${state} ${request.url}`)
  appendFileSync(file, `${[...lines, `clock ${clock}`].join('\n')}\n`)
}

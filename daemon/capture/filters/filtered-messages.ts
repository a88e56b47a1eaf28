/** The messages of an exchange that has ended: what filters left of them goes on record. */
import type { Message } from '../../../sdk/model.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import { messageRecordOf } from '../../store/message-shape.ts'
import type { MessageRecord } from '../../store/records.ts'
import type { LiveExchange } from '../live-exchange.ts'

/**
 * Those of which nothing was changed are recorded as they were. Of a body that a filter has changed or left out, events and gRPC messages that it did not
 * change as well are left out: they say what the body said.
 * @param row gets the mark of what is missing @param records as they were held; null: they were too many
 */
export function messagesLeft(
  row: LiveExchange,
  records: readonly MessageRecord[] | null,
  given: FilteredExchange,
  kept: FilteredExchange,
): MessageRecord[] {
  if (records === null) row.addAnomaly('leftOutByFilter')
  if (records === null || given.messages === null || kept.messages === null) return []
  const { messages } = given
  const isKept = (message: Message) => isSame(messages[message.index], message)
  const areSame = kept.messages.length === messages.length && kept.messages.every(isKept)
  const left: MessageRecord[] = []
  for (const message of kept.messages) {
    const record = isKept(message) ? records[message.index] : undefined
    if (record === undefined) left.push(messageRecordOf(message))
    else if (areSame && isDerived(message) && isBodyChanged(message, given, kept)) row.addAnomaly('leftOutByFilter')
    else left.push(record)
  }
  return left
}

const isDerived = ({ type }: Message): boolean => type === 'event' || type === 'grpc'

function isBodyChanged({ direction }: Message, given: FilteredExchange, kept: FilteredExchange): boolean {
  const part = direction === 'sent' ? 'request' : 'response'
  const before = given.bodies[part]
  const after = kept.bodies[part]
  if (before === null || after === null) return before !== after
  return !Buffer.from(before.buffer, before.byteOffset, before.byteLength).equals(after)
}

const isSame = (a: Message | undefined, b: Message): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

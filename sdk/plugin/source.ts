/** What a source plugin gives back has to be, and what it may emit: the plugin's process and the test kit check it alike. */
import type { Source, SourceOpening } from '../plugin.ts'
import { SourceEvent } from '../source.ts'
import { Validator } from '../validation.ts'

/** What `create` returned. @throws what is wrong with it */
export function checkOpening(value: unknown): SourceOpening {
  const { open } = (value ?? {}) as { open?: unknown }
  if (typeof open !== 'function') throw new Error('create must return { open(run) }')
  return value as SourceOpening
}

/** What `open` resolved with. @throws what is wrong with it */
export function checkSource(value: unknown): Source {
  const { browser, notes, ended, stop, cookies } = (value ?? {}) as { [name: string]: unknown }
  const isSource =
    typeof browser === 'string' &&
    isTexts(notes) &&
    typeof stop === 'function' &&
    typeof (ended as Promise<string> | null)?.then === 'function'
  if (!isSource) throw new Error('open must resolve with { browser, notes, ended, stop() }, and perhaps cookies')
  const { push, pull } = (cookies ?? { push: () => undefined }) as { push?: unknown; pull?: unknown }
  if (typeof push !== 'function' || (pull !== undefined && typeof pull !== 'function'))
    throw new Error('cookies must be { push(changes, all) }, and perhaps pull()')
  return value as Source
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((text) => typeof text === 'string')

export class EventCheck {
  readonly #validator = new Validator()

  /** @throws what is wrong with the first that is no event */
  check(events: readonly SourceEvent[]): void {
    for (const event of events) {
      const kind = kinds.get((event as { kind?: unknown } | null)?.kind)
      if (!kind) throw new Error(`emit: the kind of an event is one of ${[...kinds.keys()].join(', ')}`)
      const [fault] = this.#validator.check(kind, event)
      if (fault) throw new Error(`emit: an event of the kind ${event.kind}: ${fault.path || 'it'} ${fault.message}`)
    }
  }
}

/** By their kind, so that an error says what is wrong with this one, not with all it might have been. */
const kinds = new Map(
  (SourceEvent as unknown as { anyOf: { properties: { kind: { enum: string[] } } }[] }).anyOf.map(
    (schema) => [schema.properties.kind.enum[0] as unknown, schema] as const,
  ),
)

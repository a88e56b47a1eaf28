/** `{{name}}` in a collection: its own variables are put in; what others (environments, Postman itself) would give stays as it is written. */
import { EntryFault } from '../imported-exchange.ts'
import { objectOf, textOf } from '../json-values.ts'

const pattern = /\{\{([^{}]+)\}\}/g
/** Variables may name others. */
const rounds = 5
const longest = 64 * 1024 * 1024

export class PostmanVariables {
  readonly #values = new Map<string, string>()

  constructor(list: readonly unknown[]) {
    for (const item of list) {
      const { key, id, value, disabled } = objectOf(item)
      const name = textOf(key) || textOf(id)
      if (name !== '' && disabled !== true && value !== undefined && value !== null) this.#values.set(name, String(value))
    }
  }

  /** @throws EntryFault when it becomes too long */
  fill(text: string): string {
    let filled = text
    for (let round = 0; round < rounds && filled.includes('{{'); round++) {
      let length = filled.length
      const before = filled
      filled = filled.replace(pattern, (written, name: string) => {
        const value = this.#values.get(name.trim())
        if (value === undefined) return written
        length += value.length
        if (length > longest) throw new EntryFault('its variables make it too long')
        return value
      })
      if (filled === before) break
    }
    return filled
  }
}

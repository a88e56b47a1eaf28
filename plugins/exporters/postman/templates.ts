/**
 * Postman takes `{{name}}` in a request for a variable, and `{{$name}}` for a value that it makes up. Each that was captured gets a variable of the
 * collection that holds the same text, and so stays as it is.
 */

/** As postman-collection looks for them. */
const pattern = /\{\{([^{}]*)\}\}/g
const namesMaximum = 10_000
const nameCharacters = 1000

export interface Variable {
  key: string
  value: string
  type: 'string'
}

export class Templates {
  #names = new Set<string>()

  /** False: there is one in it that no variable keeps; it must be sent otherwise. */
  keep(text: string): boolean {
    if (!text.includes('{{')) return true
    const names = Array.from(text.matchAll(pattern), ([, name = '']) => name)
    if (!names.every((name) => this.#names.has(name) || isKept(name))) return false
    for (const name of names) if (name !== '') this.#names.add(name)
    return this.#names.size <= namesMaximum
  }

  get variables(): Variable[] {
    return Array.from(this.#names, (key) => ({ key, value: `{{${key}}}`, type: 'string' }))
  }
}

/** Postman looks them up in plain objects, which have members of their own: `{{constructor}}` is a function to it. */
const isKept = (name: string): boolean => name.length <= nameCharacters && !(name in Object.prototype)

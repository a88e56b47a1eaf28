/** What the user gave a command, by the names of the table. */
import type { ArgumentSpec } from './command.ts'

export class Given {
  readonly #arguments: Map<string, unknown>
  readonly #options: { [name: string]: unknown }

  /** @param options by their long names in camel case */
  constructor(specs: readonly ArgumentSpec[], values: readonly unknown[], options: { [name: string]: unknown }) {
    this.#arguments = new Map(specs.map(({ name }, index) => [name, values[index]]))
    this.#options = options
  }

  argument(name: string): string | undefined {
    return this.#arguments.get(name) as string | undefined
  }

  /** Of an argument that is not optional. */
  required(name: string): string {
    const value = this.argument(name)
    if (value === undefined) throw new TypeError(`the argument ${name} is optional`)
    return value
  }

  rest(name: string): string[] {
    return (this.#arguments.get(name) ?? []) as string[]
  }

  flag(name: string): boolean {
    return this.#options[name] === true
  }

  text(name: string): string | undefined {
    return this.#options[name] as string | undefined
  }

  number(name: string): number | undefined {
    return this.#options[name] as number | undefined
  }

  /** As the option's `parse` gave it. */
  value<Value>(name: string): Value | undefined {
    return this.#options[name] as Value | undefined
  }

  /** Of a repeatable option, as its `parse` gave them. */
  values<Value>(name: string): Value[] {
    return (this.#options[name] ?? []) as Value[]
  }

  list(name: string): string[] {
    return (this.#options[name] ?? []) as string[]
  }
}

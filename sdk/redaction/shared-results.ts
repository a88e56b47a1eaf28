/** What is frozen is shared by many exchanges: what was made of it is made once, and frozen as well. */
export class SharedResults<Value extends object> {
  readonly #made = new WeakMap<Value, Value>()

  /** @param make gives the very same value when there is nothing to change */
  of(value: Value, make: (value: Value) => Value): Value {
    let made = this.#made.get(value)
    if (made !== undefined) return made
    made = make(value)
    if (!Object.isFrozen(value)) return made
    this.#made.set(value, Object.freeze(made))
    return made
  }
}

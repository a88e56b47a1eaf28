/** Which names are those of secrets. */

export type Names = (name: string) => boolean

/** Longer names are not remembered, characters. */
const rememberedLength = 256

/** `*` stands for any characters. Answers are remembered: a session has few distinct names. */
export function namesOf(names: readonly string[] = [], plain = (name: string) => name.toLowerCase()): Names {
  if (names.length === 0) return () => false
  const escaped = names.map((name) =>
    plain(name)
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*'),
  )
  const pattern = new RegExp(`^(?:${escaped.join('|')})$`, 's')
  const known = new Map<string, boolean>()
  return (name) => {
    let isSecret = known.get(name)
    if (isSecret === undefined) {
      isSecret = pattern.test(plain(name))
      if (known.size < 4096 && name.length <= rememberedLength) known.set(name, isSecret)
    }
    return isSecret
  }
}

/** `accessToken`, `access_token` and `Access-Token` are one. */
export const plainKey = (name: string): string => name.toLowerCase().replace(/[-_.]/g, '')

/** Also where one stands in brackets, or before them: `user[password]` and `token[0]` are fields of forms in PHP and Rails. */
export const orInBrackets =
  (names: Names): Names =>
  (name) =>
    names(name) || (name.includes('[') && name.split(/[[\]]+/).some((part) => part !== '' && names(part)))

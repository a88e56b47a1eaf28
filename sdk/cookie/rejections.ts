/** Why a cookie is not taken. Stable words: programs match on them. */
export const rejectionReasons = [
  /** A control character in the field; a tab may only surround what it says. */
  'controlCharacter',
  /** Neither name nor value. */
  'empty',
  /** No name, and a `=` in its value: as it is sent, it would be another cookie. */
  'ambiguous',
  /** Name and value are longer than 4,096 bytes. */
  'tooLarge',
  /** A Domain outside of ASCII. */
  'nonAsciiDomain',
  /** A Domain below which anybody can register names. */
  'publicSuffix',
  /** A Domain the host does not lie in. */
  'foreignDomain',
  /** Secure, and came in clear text. */
  'secureFromInsecure',
  /** SameSite=None without Secure. */
  'sameSiteNoneInsecure',
  /** Partitioned without Secure. */
  'partitionedInsecure',
  /** A name (or the value of one without a name) that begins with __Secure- and is not Secure. */
  'securePrefix',
  /** One that begins with __Host- and is not Secure, names a Domain, or has not Path=/. */
  'hostPrefix',
  /** One that begins with __Http- or __Host-Http- and is not HttpOnly, or lacks what the prefixes before want, or is set by a script. */
  'httpPrefix',
  /** HttpOnly, and set by a script. */
  'httpOnlyFromScript',
  /** Would replace an HttpOnly one, and is set by a script. */
  'overwritesHttpOnly',
  /** Came in clear text, and would replace or hide one that is Secure. */
  'overwritesSecure',
  /** SameSite, and came with the response to a request from another site. */
  'crossSite',
  /** Given as such: its domain is no host name. */
  'invalidDomain',
  /** Given as such: there is a `;` in it, or something else that no Set-Cookie field could set. */
  'malformed',
  /** The jar holds as many as it may. */
  'jarFull',
] as const
export type RejectionReason = (typeof rejectionReasons)[number]

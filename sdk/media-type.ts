/** Media types (RFC 9110 section 8.3.1, parsed as browsers do: WHATWG MIME Sniffing). */
import { MIMEType } from 'whatwg-mimetype'

export interface MediaType {
  /** Lower case, without parameters; '' when there is none, or an unreadable one. */
  readonly essence: string
  /** As given; null when there is none. */
  readonly charset: string | null
  /** Of a multipart type. */
  readonly boundary: string | null
  /** Bodies of this type are meant to be read as text. */
  readonly text: boolean
}

const textEssence =
  /^(?:text\/.*|message\/(?:http|rfc822)|multipart\/(?:form-data|mixed|related)|.*\+(?:json|xml|yaml)|application\/(?:json|xml|javascript|ecmascript|x-javascript|x-www-form-urlencoded|graphql|x-ndjson|ndjson|jsonl|json-seq|json5|manifest\+json|yaml|x-yaml|toml|sql|x-sh|rtf|xml-dtd|x-httpd-php|csp-report|x-mpegurl|vnd\.apple\.mpegurl|dash\+xml|soap\+xml|wsdl\+xml))$/

const none: MediaType = { essence: '', charset: null, boundary: null, text: false }
const rememberedMaximum = 1000

/** Remembers what it parsed: a session has few distinct types. */
export class MediaTypes {
  #known = new Map<string, MediaType>()

  /** @param value of a Content-Type field; an unreadable one gives an empty essence. */
  parse(value: string): MediaType {
    let type = this.#known.get(value)
    if (!type) {
      type = parse(value)
      if (this.#known.size >= rememberedMaximum) this.#known.clear()
      this.#known.set(value, type)
    }
    return type
  }
}

function parse(value: string): MediaType {
  const type = MIMEType.parse(value)
  if (!type) return none
  const { essence, parameters } = type
  return {
    essence,
    charset: parameters.get('charset') ?? null,
    boundary: parameters.get('boundary') ?? null,
    text: textEssence.test(essence),
  }
}

/** A request as Postman sends it again. */
import { fieldValue } from '../../../sdk/field-value.ts'
import { MediaTypes } from '../../../sdk/media-type.ts'
import type { Headers, Request } from '../../../sdk/model.ts'
import { repeatableFields } from '../replay/fields.ts'
import { fileBody, type PostmanBody, postmanBody } from './body.ts'
import { Templates } from './templates.ts'
import type { PostmanUrl } from './url.ts'

export interface PostmanRequest {
  method: string
  header: { key: string; value: string }[]
  body?: PostmanBody
  url: PostmanUrl
}

export class RequestMaker {
  readonly templates = new Templates()
  #types = new MediaTypes()

  make({ method, headers }: Request, url: PostmanUrl, bytes: Buffer): PostmanRequest {
    const fields = repeatableFields(headers).filter(([, value]) => this.templates.keep(value))
    const body = bytes.length > 0 ? this.#body(bytes, fields) : null
    return { method, header: postmanFields(fields), ...(body && { body }), url }
  }

  #body(bytes: Buffer, fields: Headers): PostmanBody {
    // Newman writes the head in the charset of a body that is text, and bytes above 127 would become two.
    if (fields.some(([, value]) => /[^\u0000-\u007f]/.test(value))) return fileBody(bytes)
    const contentType = fieldValue(fields, 'content-type') ?? ''
    return postmanBody(bytes, contentType, this.#types.parse(contentType), this.templates)
  }
}

export const postmanFields = (headers: Headers) => headers.map(([key, value]) => ({ key, value }))

/** Of the whole collection: what is sent is what was captured, and no more. Postman adds fields, follows redirects and keeps cookies otherwise. */
export const exactBehavior = {
  followRedirects: false,
  disableCookies: true,
  disableBodyPruning: true,
  disableUrlEncoding: true,
  disabledSystemHeaders: Object.fromEntries(
    ['accept', 'accept-encoding', 'cache-control', 'connection', 'content-type', 'postman-token', 'user-agent'].map((name) => [name, true]),
  ),
}

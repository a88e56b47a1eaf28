/** Cookies of a jar as the bytes of a file. */
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import type { CookieFormatName } from '../../sdk/cookie/format-names.ts'
import { cookieFormats } from '../../sdk/cookie/formats.ts'
import { invalidParams } from '../../sdk/errors.ts'

/** @throws -32602 readOnlyFormat */
export function exportCookies(
  cookies: readonly Cookie[],
  format: CookieFormatName,
): { bytes: Uint8Array; cookies: number; leftOut: number } {
  const { write } = cookieFormats[format]
  if (!write) {
    const message = `${format} is a format to import from only`
    throw invalidParams('readOnlyFormat', message, [{ path: '/format', message }])
  }
  const { bytes, leftOut } = write(cookies)
  return { bytes, cookies: cookies.length - leftOut, leftOut }
}

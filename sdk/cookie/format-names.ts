/** The files that cookies come from and go into, as jar/import and jar/export call them. */
export const cookieFormatNames = ['cookies-txt', 'storage-state', 'newman', 'cookie-editor', 'set-cookie', 'har'] as const
export type CookieFormatName = (typeof cookieFormatNames)[number]

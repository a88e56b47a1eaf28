/** JSON that is a JavaScript literal, and in HTML neither ends a script element nor begins a comment. */
export const inertJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')

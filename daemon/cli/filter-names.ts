/** The built-in filters, for completion; `weir plugin list` knows one's own, too. */
export const builtInFilters = [
  'content-type',
  'host',
  'method',
  'redact',
  'resource-type',
  'sample',
  'size',
  'status',
  'url-contains',
  'url-excludes',
] as const

/** The built-in exporters, for completion; `exporter/list` knows one's own, too. */
export const builtInExporters = [
  'cookies-txt',
  'curl',
  'har',
  'html',
  'http',
  'jsonl',
  'k6',
  'mitmproxy',
  'msw',
  'openapi',
  'pcapng',
  'postman',
  'snippet',
  'sqlite',
  'storage-state',
  'warc',
] as const

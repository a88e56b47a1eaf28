/** What the protocol bounds, and what it takes for params that are absent. */
export const limits = {
  /** RPC frame, bytes. */
  frameBytes: 16 * 1024 * 1024,
  /** Nesting of a request's JSON. */
  jsonDepth: 64,
  /** Requests of one client in flight. */
  inFlight: 64,
  /** A page of exchange/list or exchange/readMessages ends early before this, bytes. */
  pageBytes: 8 * 1024 * 1024,
  listDefault: 100,
  searchDefault: 50,
  sqlRowsDefault: 1_000,
  overviewDefault: 100,
  /** Of request/send and exchange/replay, ms. */
  sendTimeoutDefault: 300_000,
  readBodyDefault: 1024 * 1024,
  readBodyMaximum: 8 * 1024 * 1024,
  /** A byte may take six as JSON. */
  readTextMaximum: 2 * 1024 * 1024,
  /** Larger bodies, without their coding, are not looked into for secrets, so whatever hides those leaves them out: it takes ten times their size. */
  redactedBodyBytes: 16 * 1024 * 1024,
  /** exporter/run without `out`, bytes. */
  textBytes: 8 * 1024 * 1024,
  /** Of importer/run, named. */
  importProblems: 100,
  /** Of jar/import, bytes. */
  cookieFileBytes: 64 * 1024 * 1024,
} as const

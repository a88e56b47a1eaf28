/** What weir promises, and what shows it: checks with a size that `npm run soak` runs in full, and ordinary tests. */

/** By their numbers. */
export const promises: { readonly [number: number]: string } = {
  1: 'Traffic is never harmed by recording',
  2: 'Bytes pass unchanged',
  3: 'Everything that passed is on record, once, or a gap says what is not',
  4: '`kill -9` loses at most the last batch and corrupts nothing',
  5: 'A power cut leaves an atomic prefix',
  6: 'On a full disk traffic flows, the hole is counted, and recording resumes by itself',
  7: 'Memory is bounded',
  8: 'Nobody else gets in',
  9: 'No input kills it',
  10: 'Ambiguity is shown, not spread',
  11: 'Secrets stay in',
  12: 'Exports are data',
  13: "A plugin's death is its own",
  14: 'Upgrades are atomic',
  15: 'Clock jumps, stale sockets, double starts and signals do no harm',
}

export interface Check {
  promise: number
  /** The name that its outcome is kept under. */
  check: string
  /** Of its test. */
  file: string
}

export const checks: readonly Check[] = [
  { promise: 2, check: 'bodies', file: 'tests/soak/bytes-unchanged.test.ts' },
  { promise: 3, check: 'count', file: 'tests/soak/bytes-unchanged.test.ts' },
  { promise: 3, check: 'filtered', file: 'tests/soak/gaps-tell.test.ts' },
  { promise: 3, check: 'gaps', file: 'tests/soak/gaps-tell.test.ts' },
  { promise: 4, check: 'writer', file: 'tests/store/kill.test.ts' },
  { promise: 4, check: 'daemon', file: 'tests/soak/daemon-killed.test.ts' },
  { promise: 5, check: 'log', file: 'tests/store/power-cut.test.ts' },
  { promise: 7, check: 'exchanges', file: 'tests/soak/memory-bounded.test.ts' },
  { promise: 7, check: 'largeBody', file: 'tests/soak/memory-bounded.test.ts' },
  { promise: 7, check: 'bombs', file: 'tests/soak/memory-bounded.test.ts' },
  { promise: 9, check: 'mutations', file: 'tests/soak/no-input-kills.test.ts' },
  { promise: 10, check: 'smuggling', file: 'tests/soak/smuggling.test.ts' },
  { promise: 15, check: 'doubleStart', file: 'tests/daemon/single-instance.test.ts' },
]

/** Without a size: they are as long in every test run. */
export const ordinaryTests: { readonly [promise: number]: readonly string[] } = {
  1: ['tests/session/thread-crash.test.ts', 'tests/proxy/copy-queue.test.ts', 'tests/proxy/whatever-happens.test.ts'],
  6: ['tests/capture/recorder.test.ts', 'tests/capture/disk-room.test.ts'],
  7: [
    'tests/store/log-bound.test.ts',
    'tests/store/content-decoding.test.ts',
    'tests/rpc/subscriptions.test.ts',
    'tests/rpc/calls.test.ts',
  ],
  8: ['tests/daemon/single-instance.test.ts', 'tests/proxy/front-door.test.ts', 'tests/rpc/bad-input.test.ts'],
  11: [
    'tests/redaction/canaries.test.ts',
    'tests/redaction/planted.property.test.ts',
    'tests/redaction/compressed.property.test.ts',
    'tests/filters/redact.test.ts',
    'tests/sdk/redaction.test.ts',
    'tests/daemon/lifecycle.test.ts',
    'tests/proxy/authority.test.ts',
  ],
  12: ['tests/exporters'],
  13: ['tests/filters/fence.test.ts', 'tests/session/filter-stuck.test.ts', 'tests/plugin/exporter-runner.test.ts'],
  14: ['tests/store/migrations.test.ts', 'tests/store/kill.test.ts'],
  15: ['tests/session/unix-time.test.ts', 'tests/daemon/lifecycle.test.ts'],
}

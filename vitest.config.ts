import { defineConfig } from 'vitest/config'
import { compileCache } from './tests/support/compile-cache.ts'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Threads, too, find what was compiled before; without it each strips the types of all it loads.
    env: { NODE_COMPILE_CACHE: compileCache },
    setupFiles: ['tests/support/no-native-brotli.ts', 'tests/support/patient-waits.ts'],
    expect: { poll: { timeout: 45_000 } },
    pool: 'forks',
    // Each has processes of its own to keep a core busy: with three a machine of two cores made them wait for each other until some gave up.
    maxWorkers: 2,
    // A busy machine of two cores is slow, not broken.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'coverage/results.json' }]] : ['default'],
  },
})

// Reads the test runner's JSON result and prints the last line of CI. A test file that did not even load counts as one
// failure, as does a failed check; no result at all is a failure, too.
import { existsSync, readFileSync } from 'node:fs'

const [, , file, tests, check] = process.argv
let passed = 0
let failed = 0
if (existsSync(file)) {
  const result = JSON.parse(readFileSync(file, 'utf8'))
  passed = result.numPassedTests
  failed =
    result.numFailedTests + result.testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0).length
  if (result.numPendingTests > 0) console.log(`${result.numPendingTests} skipped`)
}
if (tests !== '0' && failed === 0) failed = 1
if (check !== '0') {
  console.log('npm run check failed')
  failed += 1
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

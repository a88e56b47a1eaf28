/** `@weir/weir/testing`: for tests. What a program sends, captured and waited for; and the test kit of plugins, which needs no daemon. */
export * from '../expectations.ts'
export * from '../test-fixtures.ts'
export * from '../testing.ts'
export * from '../with-capture.ts'

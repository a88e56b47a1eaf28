const origin = performance.timeOrigin

/** Unix milliseconds with fractions, from the monotonic clock: steady within a thread's life whatever happens to the system's clock. */
export const unixTime = (): number => origin + performance.now()

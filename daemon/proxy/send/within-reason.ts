/** How long the rest of what is under way may take once nothing depends on it any more, ms. */
const restMs = 1000

/** Resolves when it has settled, or a second later. Rejects as it does. */
export async function withinReason(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, restMs)
  })
  work.catch(() => undefined)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

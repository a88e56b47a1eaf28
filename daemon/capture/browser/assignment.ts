/**
 * Which of the candidates each one must get, when all get one and no two the same: what is so in every such assignment. Where there is no such assignment nothing
 * follows for all that it concerns.
 */

/** @param candidates by one, places below `count` @returns by one, its candidate; null: several are possible, or none is */
export function certain(candidates: readonly (readonly number[])[], count: number): (number | null)[] {
  const { taken, holder, unlucky } = assigned(candidates, count)
  if (unlucky.length > 0) leaveOut(unlucky, candidates, count, taken)
  const free = withWayToFree(candidates, taken, holder)
  const circle = onCircle(candidates, taken, holder)
  return taken.map((place, one) => (place < 0 || free[one] === 1 || circle[one] === 1 ? null : place))
}

interface Assignment {
  /** By one, the place; -1: none. */
  taken: number[]
  /** By place, who has it; -1: nobody. */
  holder: Int32Array
  /** Those for whom none was left. */
  unlucky: number[]
}

/** One of the largest assignments, by augmenting paths. */
function assigned(candidates: readonly (readonly number[])[], count: number): Assignment {
  const taken = candidates.map(() => -1)
  const holder = new Int32Array(count).fill(-1)
  const unlucky: number[] = []
  const seen = new Int32Array(count).fill(-1)
  const from = new Int32Array(count)
  for (let one = 0; one < candidates.length; one++) {
    let end = -1
    const queue = [one]
    for (let at = 0; at < queue.length && end < 0; at++) {
      const asking = queue[at] as number
      for (const place of candidates[asking] as readonly number[]) {
        if (seen[place] === one) continue
        seen[place] = one
        from[place] = asking
        const other = holder[place] as number
        if (other < 0) {
          end = place
          break
        }
        queue.push(other)
      }
    }
    if (end < 0) unlucky.push(one)
    while (end >= 0) {
      const asking = from[end] as number
      const before = taken[asking] as number
      taken[asking] = end
      holder[end] = asking
      end = before
    }
  }
  return { taken, holder, unlucky }
}

/** Whoever is connected with one that gets none, by candidates that they share. */
function leaveOut(unlucky: readonly number[], candidates: readonly (readonly number[])[], count: number, taken: number[]): void {
  const wanting: number[][] = Array.from({ length: count }, () => [])
  candidates.forEach((places, one) => {
    for (const place of places) wanting[place]?.push(one)
  })
  const met = new Uint8Array(candidates.length)
  const queue = [...unlucky]
  for (const one of queue) met[one] = 1
  for (let at = 0; at < queue.length; at++) {
    const one = queue[at] as number
    taken[one] = -1
    for (const place of candidates[one] as readonly number[]) {
      for (const other of wanting[place] as number[]) {
        if (met[other] === 1) continue
        met[other] = 1
        queue.push(other)
      }
      wanting[place] = []
    }
  }
}

/** 1: it could give its place up and take another, in the end one that nobody has. */
function withWayToFree(candidates: readonly (readonly number[])[], taken: readonly number[], holder: Int32Array): Uint8Array {
  const free = new Uint8Array(candidates.length)
  const wanting: number[][] = candidates.map(() => [])
  const queue: number[] = []
  candidates.forEach((places, one) => {
    if ((taken[one] as number) < 0) return
    for (const place of places) {
      const other = holder[place] as number
      if (other >= 0) wanting[other]?.push(one)
      else if (free[one] === 0) {
        free[one] = 1
        queue.push(one)
      }
    }
  })
  for (let at = 0; at < queue.length; at++) {
    for (const one of wanting[queue[at] as number] as number[]) {
      if (free[one] === 1) continue
      free[one] = 1
      queue.push(one)
    }
  }
  return free
}

/** 1: some could pass their places around among themselves. Tarjan's strongly connected components, without recursion. */
function onCircle(candidates: readonly (readonly number[])[], taken: readonly number[], holder: Int32Array): Uint8Array {
  const size = candidates.length
  const circle = new Uint8Array(size)
  const index = new Int32Array(size)
  const low = new Int32Array(size)
  const next = new Int32Array(size)
  const open = new Uint8Array(size)
  const stack: number[] = []
  const path: number[] = []
  let count = 0
  const enter = (one: number) => {
    index[one] = low[one] = ++count
    open[one] = 1
    stack.push(one)
    path.push(one)
  }
  for (let first = 0; first < size; first++) {
    if (index[first] === 0 && (taken[first] as number) >= 0) enter(first)
    while (path.length > 0) {
      const one = path.at(-1) as number
      const place = (candidates[one] as readonly number[])[next[one] as number]
      if (place !== undefined) {
        next[one] = (next[one] as number) + 1
        const other = holder[place] as number
        if (other < 0 || other === one || (taken[other] as number) < 0) continue
        if (index[other] === 0) enter(other)
        else if (open[other] === 1) low[one] = Math.min(low[one] as number, index[other] as number)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[one] as number)
      if (low[one] !== index[one]) continue
      const isAlone = stack.at(-1) === one
      for (let member = -1; member !== one; ) {
        member = stack.pop() as number
        open[member] = 0
        if (!isAlone) circle[member] = 1
      }
    }
  }
  return circle
}

/**
 * What columns say of the exchanges of a segment, in three values: a byte for each place. Their bits are chosen so that Kleene's and, or and not are
 * operations on bits, four places at a time.
 */
import { segmentSize } from './columns-file.ts'

export type Truths = Uint8Array

export const no = 0b00
/** The record is to be asked. */
export const unknown = 0b01
export const yes = 0b11

export const truthsOf = (all: typeof no | typeof unknown | typeof yes = no): Truths => new Uint8Array(segmentSize).fill(all)

/** Narrows `truths` to what is so of `others`, too. False: nothing is left. */
export function and(truths: Truths, others: Truths): boolean {
  const [words, other] = [wordsOf(truths), wordsOf(others)]
  let left = 0
  for (let at = 0; at < words.length; at++) left |= words[at] = (words[at] as number) & (other[at] as number)
  return left !== 0
}

/** Widens `truths` by what is so of `others`. */
export function or(truths: Truths, others: Truths): void {
  const [words, other] = [wordsOf(truths), wordsOf(others)]
  for (let at = 0; at < words.length; at++) words[at] = (words[at] as number) | (other[at] as number)
}

export function not(truths: Truths): void {
  const words = wordsOf(truths)
  for (let at = 0; at < words.length; at++) {
    const inverse = ~(words[at] as number)
    words[at] = ((inverse & lowBits) << 1) | ((inverse >>> 1) & lowBits)
  }
}

/** Takes from `truths` what is sure of `others`. */
export function without(truths: Truths, others: Truths): void {
  const [words, other] = [wordsOf(truths), wordsOf(others)]
  for (let at = 0; at < words.length; at++) {
    const sure = ((other[at] as number) >>> 1) & lowBits
    words[at] = (words[at] as number) & ~(sure | (sure << 1))
  }
}

const lowBits = 0x01010101
const wordsOf = ({ buffer, byteOffset, byteLength }: Truths): Uint32Array => new Uint32Array(buffer, byteOffset, byteLength / 4)

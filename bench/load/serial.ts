/** Exchange numbers: nine ASCII digits that lie in every request and response, so that no two of them are alike. */

export const serialLength = 9

export const blankSerial = '0'.repeat(serialLength)

let serial = 0

/** Each number once in this process. */
export const nextSerial = (): number => serial++

/** Overwrites nine bytes in place. Wraps after a billion. */
export function writeSerial(bytes: Buffer, at: number, serial: number): void {
  let rest = serial
  for (let i = at + serialLength - 1; i >= at; i--) {
    bytes[i] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

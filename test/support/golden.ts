import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Compares a text with the one kept in a file. With HERALD_WRITE_GOLDEN set, writes the file instead: to be read before it is committed.
 */
export function assertGolden(file: string, text: string): void {
  if (process.env.HERALD_WRITE_GOLDEN) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  assert.equal(text, readFileSync(file, 'utf8'), `${file} (HERALD_WRITE_GOLDEN=1 writes it anew)`)
}

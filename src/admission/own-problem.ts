import type { Problem } from '../config/problem.ts'
import type { AdmittedObject } from './admission-review.ts'

/** What is wrong with an object by itself. */
export function problemOf(
  parse: (object: AdmittedObject) => object,
  object: AdmittedObject | undefined,
): Problem | undefined {
  const parsed: { problem?: Problem } = object ? parse(object) : {}
  return parsed.problem
}

/** An object that was wrong in the same way before may be written: for a label, a finalizer, or to mend it step by step. */
export function same(before: Problem | undefined, after: Problem): boolean {
  return before?.field === after.field && before.message === after.message
}

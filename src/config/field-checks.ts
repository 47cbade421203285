import type { Problem } from './problem.ts'
import { checkSelector } from './selector.ts'

// What the API server sends has passed the schema of its kind, but of which release? Nothing is trusted. A field that is null counts as absent.

/** Any object of the API, before anything in it is trusted. */
export type Fields = Readonly<Record<string, unknown>>

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** Clients in Go leave out what is empty, others send it: both mean the same. */
export function isEmpty(value: unknown): boolean {
  return isAbsent(value) || value === ''
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function checkSwitch(field: string, value: unknown): Problem | undefined {
  return isAbsent(value) || typeof value === 'boolean' ? undefined : { field, message: 'must be true or false' }
}

/** A whole number between two bounds, both included. */
export function checkInteger(field: string, value: unknown, minimum: number, maximum: number): Problem | undefined {
  const valid = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
  return isAbsent(value) || valid
    ? undefined
    : { field, message: `must be a whole number from ${minimum} to ${maximum}` }
}

export function checkText(field: string, value: unknown): Problem | undefined {
  return isAbsent(value) || typeof value === 'string' ? undefined : { field, message: 'must be text' }
}

/** A list of names, none of which stands there twice. */
export function checkNames(field: string, names: unknown): Problem | undefined {
  if (isAbsent(names)) return undefined
  if (!Array.isArray(names)) return { field, message: 'must be a list of names' }
  for (const [index, name] of names.entries()) {
    const at = `${field}[${index}]`
    if (typeof name !== 'string' || name === '') return { field: at, message: 'must be a name' }
    if (names.indexOf(name) !== index) return { field: at, message: `"${name}" is listed twice` }
  }
  return undefined
}

export function checkSelectors(field: string, selectors: unknown): Problem | undefined {
  if (isAbsent(selectors)) return undefined
  if (!Array.isArray(selectors)) return { field, message: 'must be a list of label selectors' }
  for (const [index, selector] of selectors.entries()) {
    const message = checkSelector(selector)
    if (message) return { field: `${field}[${index}]`, message }
  }
  return undefined
}

/** metadata.creationTimestamp in ms; 0 when there is none. */
export function createdAtMs({ creationTimestamp }: { creationTimestamp?: string | Date }): number {
  return Date.parse(String(creationTimestamp ?? '')) || 0
}

/** Elder first, and by name among those of one age: the order in which objects win that cannot stand together. */
export function compareAge(
  a: { readonly createdAtMs: number; readonly name: string },
  b: { readonly createdAtMs: number; readonly name: string },
): number {
  return a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

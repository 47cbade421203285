import type { Random } from '../simulation/random.ts'
import { editCount } from './edit-count.ts'
import type { Format } from './target.ts'
import { ofText, textOf } from './text-format.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** What a field is not made for; some of it means something in another place. */
const STRANGERS: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  65536,
  2 ** 53,
  1e300,
  '',
  ' ',
  '__proto__',
  '\0',
  'x'.repeat(300),
  '0.0.0.0/0',
  '::/0',
  '192.0.2.1',
  'fe80::1%eth0',
  '3000000h',
  [],
  [null],
  {},
  { '': null },
]

/** Objects of an API: fields replaced by strangers, taken out, doubled, and exchanged with other objects. */
export function jsonFormat(): Format {
  return {
    mutate(random, pick) {
      const root = { value: jsonOf(pick()) as Json }
      for (let left = editCount(random); left > 0; left--) change(places(root), random, () => jsonOf(pick()) as Json)
      return ofJson(root.value)
    },
    *shrink(input) {
      const root = { value: jsonOf(input) as Json }
      const size = input.length
      for (const { holder, key } of places(root)) {
        const before = valueAt(holder, key)
        for (const smaller of smallerThan(before)) {
          setAt(holder, key, smaller)
          const shrunk = ofJson(root.value)
          if (shrunk.length < size) yield shrunk
          setAt(holder, key, before)
        }
        if (holder === root) continue
        const holderCopy = structuredClone(root)
        removeAt(placeIn(holderCopy, pathOf(root, holder)!), key)
        yield ofJson(holderCopy.value)
      }
    },
    toLine: textOf,
    fromLine: ofText,
  }
}

/** The value that an input stands for. */
export function jsonOf(input: Uint8Array): unknown {
  return JSON.parse(textOf(input))
}

/** The input that stands for a value. */
export function ofJson(value: unknown): Uint8Array {
  return ofText(JSON.stringify(value))
}

type Holder = Json[] | { [key: string]: Json }
interface Place {
  readonly holder: Holder
  readonly key: string
}

/** Every place in a value where another value may stand, the root's first. */
function places(root: Holder): Place[] {
  const found: Place[] = []
  const visit = (holder: Holder) => {
    for (const key of Object.keys(holder)) {
      found.push({ holder, key })
      const value = valueAt(holder, key)
      if (value !== null && typeof value === 'object') visit(value)
    }
  }
  visit(root)
  return found
}

function change(all: readonly Place[], random: Random, another: () => Json): void {
  const { holder, key } = random.pick(all)
  const value = valueAt(holder, key)
  const stranger = () => structuredClone(random.pick(STRANGERS))
  const copyOf = ({ holder, key }: Place) => structuredClone(valueAt(holder, key))
  switch (random.below(6)) {
    case 0:
      if (all[0]?.holder !== holder) removeAt(holder, key)
      break
    case 1:
      setAt(holder, key, copyOf(random.pick(places({ value: another() }))))
      break
    case 2:
      setAt(holder, key, copyOf(random.pick(all)))
      break
    case 3:
      setAt(holder, key, nearly(value, random))
      break
    case 4:
      if (Array.isArray(holder)) holder.push(stranger())
      else setAt(holder, random.pick(['__proto__', 'constructor', 'x', '']), stranger())
      break
    default:
      setAt(holder, key, stranger())
  }
}

/** A value of the same kind that is a little different. */
function nearly(value: Json, random: Random): Json {
  if (typeof value === 'number') return value + random.pick([-1, 1, 255, 65535])
  if (Array.isArray(value)) return [...value, ...structuredClone(value.slice(-1))]
  if (typeof value !== 'string') return value
  const at = random.below(value.length + 1)
  return value.slice(0, at) + String.fromCharCode(32 + random.below(95)) + value.slice(at + random.below(2))
}

function* smallerThan(value: Json): Generator<Json> {
  if (typeof value === 'string')
    for (let length = 0; length < value.length; length = length * 2 + 1) yield value.slice(0, length)
  if (value !== null) yield null
}

function valueAt(holder: Holder, key: string): Json {
  return (holder as Record<string, Json>)[key]!
}

/** Sets a field also where it has the name of the prototype, as JSON.parse() does. */
function setAt(holder: Holder, key: string, value: Json): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function removeAt(holder: Holder, key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else delete holder[key]
}

function pathOf(root: Holder, wanted: Holder): string[] | undefined {
  if (root === wanted) return []
  for (const key of Object.keys(root)) {
    const value = valueAt(root, key)
    if (value === null || typeof value !== 'object') continue
    const path = pathOf(value, wanted)
    if (path) return [key, ...path]
  }
  return undefined
}

function placeIn(root: Holder, path: readonly string[]): Holder {
  let holder = root
  for (const key of path) holder = valueAt(holder, key) as Holder
  return holder
}

import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import type { FuzzCoverage } from './fuzzer.ts'

interface ScriptCoverage {
  readonly url: string
  /** outer functions before inner ones, outer ranges before inner ones */
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[]
  }[]
}

/**
 * Which parts of `src/` ran, as V8 counts them. A look at the counters costs a few milliseconds, so that inputs are tried in batches; the
 * counting itself takes a third of the speed. Only code that is loaded after start() is counted exactly.
 *
 * V8 leaves out ranges that ran as often as what is around them: which ranges it tells says nothing. So each character of the source is known
 * as one that ran, or not.
 */
export class SourceCoverage implements FuzzCoverage {
  readonly #session = new Session()
  readonly #of: string
  readonly #known = new Map<string, Uint8Array>()
  #last = new Map<string, Uint8Array>()

  /** @param init.of part of the URL of the scripts that count */
  constructor(init: { of: string }) {
    this.#of = init.of
  }

  start(): void {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  look(): number {
    const { result } = this.#post('Profiler.takePreciseCoverage') as { result: ScriptCoverage[] }
    this.#last = new Map()
    let news = 0
    for (const { url, functions } of result) {
      if (!url.includes(this.#of)) continue
      const ran = charactersThatRan(functions)
      const known = this.#known.get(url)
      for (const [offset, count] of ran.entries()) if (count > 0 && !known?.[offset]) news++
      this.#last.set(url, ran)
    }
    return news
  }

  learn(): void {
    for (const [url, ran] of this.#last) {
      const before = this.#known.get(url) ?? new Uint8Array()
      const known = before.length >= ran.length ? before : new Uint8Array(ran.length)
      if (known !== before) known.set(before)
      for (const [offset, count] of ran.entries()) if (count > 0) known[offset] = 1
      this.#known.set(url, known)
    }
  }

  /** Lines of source of which something ran. Node takes types off without moving anything. */
  get lines(): number {
    let lines = 0
    for (const [url, known] of this.#known) {
      let offset = 0
      for (const line of readFileSync(fileURLToPath(url), 'utf8').split('\n')) {
        if (known.subarray(offset, offset + line.length).includes(1)) lines++
        offset += line.length + 1
      }
    }
    return lines
  }

  #post(method: string, parameters?: object): unknown {
    let answer: unknown
    // In the same thread the answer comes before post() returns.
    this.#session.post(method, parameters, (error: Error | null, result?: object) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
}

/** One for each character that ran: what is within says more than what is around it. */
export function charactersThatRan(functions: ScriptCoverage['functions']): Uint8Array {
  const length = Math.max(0, ...functions.map(({ ranges }) => ranges[0]?.endOffset ?? 0))
  const ran = new Uint8Array(length)
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  return ran
}

import { writeFileSync, writeSync } from 'node:fs'
import { Worker, workerData } from 'node:worker_threads'

// An input that never comes back stops the thread that tries it. This one sees that, and keeps the input.

const MOST_BYTES = 64 * 1024
const LOOK_EVERY_MS = 1_000

interface Shared {
  /** how many inputs were tried; length of the present one; 1 when nothing is tried */
  readonly state: SharedArrayBuffer
  readonly input: SharedArrayBuffer
  readonly patienceMs: number
  readonly file: string
}

/** Watches that every input comes to an end. */
export class Watchdog {
  readonly #state = new Int32Array(new SharedArrayBuffer(12))
  readonly #input = new Uint8Array(new SharedArrayBuffer(MOST_BYTES))
  readonly #worker: Worker

  /** @param init.file where the bytes of an input are written that took longer than `patienceMs`; the process ends then */
  constructor(init: { patienceMs: number; file: string }) {
    const shared = { state: this.#state.buffer, input: this.#input.buffer, ...init } as Shared
    this.#worker = new Worker(new URL(import.meta.url), { workerData: shared })
    this.#worker.unref()
  }

  /** Told of each input before it is tried. */
  readonly trying = (input: Uint8Array): void => {
    this.#input.set(input.subarray(0, MOST_BYTES))
    this.#state[1] = Math.min(input.length, MOST_BYTES)
    Atomics.add(this.#state, 0, 1)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}

function watch({ state, input, patienceMs, file }: Shared): void {
  const counters = new Int32Array(state)
  let last = -1
  let stillMs = 0
  setInterval(() => {
    const tried = Atomics.load(counters, 0)
    stillMs = tried === last ? stillMs + LOOK_EVERY_MS : 0
    last = tried
    if (tried === 0 || stillMs < patienceMs) return
    writeFileSync(file, new Uint8Array(input).slice(0, counters[1]))
    writeSync(2, `fuzz: an input does not come to an end within ${patienceMs} ms; its bytes are in ${file}\n`)
    process.kill(process.pid, 'SIGKILL')
  }, LOOK_EVERY_MS)
}

if (workerData && typeof workerData === 'object' && 'patienceMs' in workerData) watch(workerData as Shared)

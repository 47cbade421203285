import { readdirSync, readFileSync } from 'node:fs'
import type { HeraldComponent, TestLab } from '../../support/lab/lab.ts'
import type { Sample } from '../growth.ts'
import { activeResources } from '../inspector.ts'

const PAGE_BYTES = 4096
/** Counting timers opens a process's inspector for a moment: at every so many rests alone. */
const ASK_EVERY = 5

/** Memory and descriptors of Herald's processes, as the kernel counts them. */
export class ProcessWatch {
  readonly #lab: TestLab
  #rounds = 0
  readonly #samples = new Map<string, Sample[]>()

  constructor(lab: TestLab) {
    this.#lab = lab
  }

  /** Takes a sample of each process that runs, when the cluster is at rest and holds what it held at the start. */
  async sample(): Promise<void> {
    const asking = this.#rounds++ % ASK_EVERY === 0
    const components: HeraldComponent[] = ['controller', 'speaker']
    for (const component of components) {
      for (const pid of this.#lab.heraldProcesses(component)) {
        const sample = read(pid)
        if (sample === undefined) continue
        const timers = asking ? (await activeResources(pid).catch(() => undefined))?.Timeout : undefined
        const name = `${component} ${pid}`
        const samples = this.#samples.get(name) ?? []
        samples.push({ ...sample, timers })
        this.#samples.set(name, samples)
      }
    }
  }

  /** By process, e.g. "speaker 4711"; those that have ended are among them. */
  get samples(): ReadonlyMap<string, readonly Sample[]> {
    return this.#samples
  }
}

function read(pid: number): Sample | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return { atMs: Date.now(), residentBytes: pages * PAGE_BYTES, descriptors: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined // ended meanwhile
  }
}

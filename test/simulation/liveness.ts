import type { NodeLife, NodeLiveness } from '../../src/layer2/neighbourhood.ts'
import type { Context } from './context.ts'
import type { Network } from './network.ts'

/** How nodes learn which of the others live. */
export interface LivenessNetwork {
  /** a process has started and knows all others; `paused` ones neither hear nor speak */
  start(node: number): void
  /** a process is gone */
  stop(node: number): void
  pause(node: number): void
  /** it goes on; `forgets` when it was away for so long that it begins anew */
  resume(node: number, forgets: boolean): void
  /** AdminDown to all */
  leave(node: number): void
  /** the nodes that it watches from now on */
  watch(node: number, targets: readonly number[]): void
  /** whether the node can use its interface on this segment */
  use(node: number, usable: boolean): void
  /** something was cut or healed */
  networkChanged(): void
}

export interface LivenessListener {
  /** @param lastHeardMs when the target was heard last */
  livenessChanged(target: number, life: NodeLife, segment: number): void
}

/** Liveness on every segment: each tells by itself who lives there. */
export class LivenessNetworks {
  readonly #segments: readonly LivenessNetwork[]

  constructor(segments: readonly LivenessNetwork[]) {
    this.#segments = segments
  }

  /** The same of all segments. */
  each(run: (network: LivenessNetwork) => void): void {
    for (const segment of this.#segments) run(segment)
  }

  use(node: number, usable: readonly number[]): void {
    for (const [segment, network] of this.#segments.entries()) network.use(node, usable.includes(segment))
  }
}

const DETECTION_MS = 300
const INTERVAL_MS = 100
const SETTLE_MS = 500

interface Watch {
  readonly watcher: number
  readonly target: number
  /** wanted, on an interface that can be used */
  watched: boolean
  state: NodeLiveness
  /** packets pass in both directions, and both ends run */
  connected: boolean
  lastHeardMs: number | undefined
  /** from then on it is down if it has not come up */
  settledAtMs: number
  /** counts what has happened: a deadline of before is void */
  generation: number
}

/** Liveness without packets: nothing happens while nothing changes. Its times are those of BFD at 100 ms × 3. */
export class AbstractLiveness implements LivenessNetwork {
  readonly #context: Context
  readonly #network: Network
  readonly #listeners: readonly LivenessListener[]
  readonly #watches: Watch[] = []
  readonly #running: boolean[]
  readonly #paused: boolean[]
  readonly #usable: boolean[]
  readonly #targets: (readonly number[])[]
  readonly #segment: number

  constructor(context: Context, network: Network, listeners: readonly LivenessListener[], segment: number) {
    this.#context = context
    this.#segment = segment
    this.#usable = listeners.map(() => true)
    this.#targets = listeners.map(() => [])
    this.#network = network
    this.#listeners = listeners
    this.#running = listeners.map(() => false)
    this.#paused = listeners.map(() => false)
    for (const watcher of listeners.keys()) {
      for (const target of listeners.keys()) {
        this.#watches.push({
          watcher,
          target,
          watched: false,
          state: 'unknown',
          connected: false,
          lastHeardMs: undefined,
          settledAtMs: 0,
          generation: 0,
        })
      }
    }
  }

  start(node: number): void {
    const { random } = this.#context
    this.#running[node] = true
    for (const watch of this.#watches) {
      if (watch.watcher === node) this.#forget(watch)
      // The new process knows nothing of the session, and says so.
      if (watch.target !== node || watch.state !== 'up') continue
      watch.generation++
      watch.connected = false
      this.#later(watch, random.between(1, 5), () => this.#become(watch, 'down'))
    }
    this.#refresh()
  }

  stop(node: number): void {
    this.#running[node] = false
    this.#paused[node] = false
    for (const watch of this.#watches) {
      if (watch.watcher !== node) continue
      this.#forget(watch)
      watch.watched = false
    }
    this.#targets[node] = []
    this.#refresh()
  }

  pause(node: number): void {
    this.#paused[node] = true
    this.#refresh()
  }

  resume(node: number, forgets: boolean): void {
    this.#paused[node] = false
    for (const watch of this.#watches) {
      if (watch.watcher !== node) continue
      if (forgets) this.#forget(watch)
      else if (watch.state === 'up') this.#expect(watch, 5)
      if (forgets && watch.watched) this.#settle(watch)
    }
    this.#refresh()
  }

  leave(node: number): void {
    this.#running[node] = false
    for (const watch of this.#watches) {
      if (watch.target !== node || watch.state !== 'up' || !watch.connected) continue
      watch.connected = false
      watch.generation++
      watch.lastHeardMs = this.#context.queue.nowMs
      this.#later(watch, this.#context.random.between(0.1, 2), () => this.#become(watch, 'down', true))
    }
    this.#refresh()
  }

  watch(node: number, targets: readonly number[]): void {
    this.#targets[node] = targets
    this.#watch(node)
  }

  use(node: number, usable: boolean): void {
    this.#usable[node] = usable
    this.#watch(node)
  }

  #watch(node: number): void {
    for (const watch of this.#watches) {
      if (watch.watcher !== node) continue
      const watched = this.#usable[node]! && this.#targets[node]!.includes(watch.target)
      if (watched === watch.watched) continue
      watch.watched = watched
      // Of a node that is not watched any more, or anew, nothing is known.
      if (watch.state !== 'unknown') this.#tell(watch, 'unknown')
      this.#forget(watch)
      if (watched) this.#settle(watch)
    }
    this.#refresh()
  }

  networkChanged(): void {
    this.#refresh()
  }

  #refresh(): void {
    const { queue, random } = this.#context
    for (const watch of this.#watches) {
      const connected = watch.watched && this.#connected(watch.watcher, watch.target)
      if (connected === watch.connected) continue
      watch.connected = connected
      watch.generation++
      if (connected) {
        if (watch.state !== 'up') this.#later(watch, random.between(3, 110), () => this.#become(watch, 'up'))
      } else {
        watch.lastHeardMs = queue.nowMs - random.between(0, INTERVAL_MS)
        if (watch.state === 'up') this.#expect(watch, watch.lastHeardMs + DETECTION_MS - queue.nowMs)
      }
    }
  }

  #connected(watcher: number, target: number): boolean {
    return (
      this.#running[watcher]! &&
      this.#running[target]! &&
      !this.#paused[watcher]! &&
      !this.#paused[target]! &&
      this.#network.carriesLiveness(this.#segment, watcher, target) &&
      this.#network.carriesLiveness(this.#segment, target, watcher)
    )
  }

  #forget(watch: Watch): void {
    watch.generation++
    watch.connected = false
    watch.state = 'unknown'
  }

  /** Down unless a packet comes by then. */
  #expect(watch: Watch, inMs: number): void {
    this.#later(watch, inMs, () => {
      if (!this.#paused[watch.watcher] && !watch.connected) this.#become(watch, 'down')
    })
  }

  #settle(watch: Watch): void {
    const { queue } = this.#context
    watch.settledAtMs = queue.nowMs + SETTLE_MS
    queue.at(watch.settledAtMs, () => {
      if (watch.state !== 'unknown' || !watch.watched || queue.nowMs < watch.settledAtMs) return
      if (!this.#paused[watch.watcher]) this.#become(watch, 'down')
    })
  }

  #later(watch: Watch, delayMs: number, run: () => void): void {
    const { generation } = watch
    this.#context.queue.in(delayMs, () => {
      if (watch.generation === generation) run()
    })
  }

  #become(watch: Watch, state: NodeLiveness, saidGoodbye = false): void {
    if (watch.state === state || !this.#running[watch.watcher]) return
    watch.state = state
    if (state === 'up') watch.lastHeardMs = this.#context.queue.nowMs
    this.#tell(watch, state, saidGoodbye)
  }

  #tell({ watcher, target, lastHeardMs }: Watch, state: NodeLiveness, saidGoodbye = false): void {
    this.#listeners[watcher]!.livenessChanged(target, { state, lastHeardMs, saidGoodbye }, this.#segment)
  }
}

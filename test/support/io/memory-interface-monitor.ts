import { type NetworkInterface, sameInterfaces } from '../../../src/io/interface-table.ts'
import type { InterfaceListener, InterfaceMonitor } from '../../../src/io/interfaces.ts'

/** An InterfaceMonitor whose interfaces the test sets. */
export class MemoryInterfaceMonitor implements InterfaceMonitor {
  readonly #listeners = new Set<InterfaceListener>()
  #interfaces: readonly NetworkInterface[]
  #started = false

  constructor(interfaces: readonly NetworkInterface[] = []) {
    this.#interfaces = interfaces
  }

  async start(options: { signal: AbortSignal }): Promise<void> {
    options.signal.throwIfAborted()
    options.signal.addEventListener('abort', () => this.#listeners.clear(), { once: true })
    this.#started = true
    this.#publish()
  }

  snapshot(): readonly NetworkInterface[] {
    return this.#started ? this.#interfaces : []
  }

  onChange(listener: InterfaceListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The world changes; listeners hear of it at once. */
  set(interfaces: readonly NetworkInterface[]): void {
    const sorted = [...interfaces].sort((a, b) => a.index - b.index)
    const same = sameInterfaces(sorted, this.#interfaces)
    this.#interfaces = sorted
    if (this.#started && !same) this.#publish()
  }

  #publish(): void {
    for (const listener of [...this.#listeners]) listener(this.#interfaces)
  }
}

/** An Ethernet interface that is up and running, as a test needs it. */
export function memoryInterface(
  fields: Pick<NetworkInterface, 'index' | 'name'> & Partial<NetworkInterface>,
): NetworkInterface {
  return {
    ethernet: true,
    mac: Uint8Array.of(2, 0, 0, 0, 0, fields.index),
    mtu: 1500,
    up: true,
    running: true,
    broadcast: true,
    noArp: false,
    loopback: false,
    addresses: [],
    ...fields,
  }
}

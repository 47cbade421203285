import type { CancelTimer } from '../../../io/clock.ts'
import type { NetworkInterface } from '../../../io/interfaces.ts'
import { Reader } from '../../../wire/reader.ts'
import type { DroppedPackets, UnnumberedNeighbour } from './link-messages.ts'
import { type UnnumberedLink, UnnumberedPort, type UnnumberedPortComponents } from './unnumbered-port.ts'

export interface UnnumberedPortsInit {
  /** all routers found, when one came or went */
  onNeighbours(neighbours: readonly UnnumberedNeighbour[]): void
  /** an interface failed; it is tried again when the interfaces change, and after a second */
  onProblem(interfaceName: string, error: Error): void
}

const RETRY_AFTER_MS = 1_000

/** The interfaces with unnumbered peers: a socket on each, for as long as it is up and has a link-local address. */
export class UnnumberedPorts {
  readonly #components: UnnumberedPortComponents
  readonly #init: UnnumberedPortsInit
  readonly #ports = new Map<string, UnnumberedPort>()
  #wanted: readonly string[] = []
  #interfaces: readonly NetworkInterface[] = []
  #told = ''
  #cancelRetry: CancelTimer = () => {}
  #closed = false

  constructor(components: UnnumberedPortComponents, init: UnnumberedPortsInit) {
    this.#components = components
    this.#init = init
  }

  get dropped(): DroppedPackets[] {
    return [...this.#ports.values()].flatMap(({ link, dropped }) =>
      Object.entries(dropped).map(([reason, count = 0]) => ({
        interface: link.name,
        protocol: 'ra' as const,
        reason,
        count,
      })),
    )
  }

  /** Replaces the set of interfaces on which routers are to be found, by name. */
  setWanted(names: readonly string[]): void {
    this.#wanted = names
    this.#update()
  }

  setInterfaces(interfaces: readonly NetworkInterface[]): void {
    this.#interfaces = interfaces
    this.#update()
  }

  close(): void {
    this.#closed = true
    this.#cancelRetry()
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }

  #update(): void {
    if (this.#closed) return
    this.#cancelRetry()
    const links = new Map<string, UnnumberedLink>()
    for (const one of this.#interfaces) {
      const link = this.#wanted.includes(one.name) ? linkOf(one) : undefined
      if (link) links.set(link.name, link)
    }
    for (const [name, { link }] of [...this.#ports]) {
      const now = links.get(name)
      if (!now || !sameLink(now, link)) this.#close(name)
    }
    for (const link of links.values()) if (!this.#ports.has(link.name)) this.#open(link)
    this.#tell()
  }

  #open(link: UnnumberedLink): void {
    const onChange = () => this.#tell()
    const onError = (error: Error) => {
      this.#close(link.name)
      this.#failed(link, error)
      this.#tell()
    }
    try {
      this.#ports.set(link.name, new UnnumberedPort(this.#components, { link, onChange, onError }))
    } catch (error) {
      this.#failed(link, error as Error)
    }
  }

  #failed({ name }: UnnumberedLink, error: Error): void {
    if (this.#closed) return
    this.#init.onProblem(name, error)
    this.#cancelRetry()
    this.#cancelRetry = this.#components.clock.setTimer(() => this.#update(), RETRY_AFTER_MS)
  }

  #close(name: string): void {
    this.#ports.get(name)?.close()
    this.#ports.delete(name)
  }

  #tell(): void {
    const neighbours = [...this.#ports.values()].flatMap(({ link, routers }) =>
      routers.map(value => ({
        interface: link.name,
        interfaceIndex: link.index,
        address: { family: 6 as const, value },
      })),
    )
    const text = neighbours.map(({ interface: name, interfaceIndex, address }) => [name, interfaceIndex, address.value])
    if (String(text) === this.#told) return
    this.#told = String(text)
    this.#init.onNeighbours(neighbours)
  }
}

/** What the port needs to know of an interface; undefined while it cannot be used. Whether layer 2 leaves it alone does not matter: it was named. */
function linkOf({ index, name, mac, ethernet, up, running, addresses }: NetworkInterface): UnnumberedLink | undefined {
  const linkLocal = addresses.find(
    ({ scope, tentative, address }) => scope === 'link' && !tentative && address.family === 6,
  )
  if (!ethernet || !up || !running || linkLocal?.address.family !== 6) return undefined
  return { index, name, mac: new Reader(mac).uint48(), linkLocal: linkLocal.address.value }
}

function sameLink(a: UnnumberedLink, b: UnnumberedLink): boolean {
  return a.index === b.index && a.mac === b.mac && a.linkLocal === b.linkLocal
}

import { formatAddress, parseAddress } from '../../src/ip/address.ts'

/** What the ledger reads of a Service, as the API server shows it. */
export interface LedgerService {
  metadata: {
    uid: string
    name: string
    namespace?: string
    deletionTimestamp?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec: { type?: string; ports?: { port: number; protocol?: string }[] }
  status?: { loadBalancer?: { ingress?: { ip?: string }[] } }
}

/** Services with this label live in a pool whose ranges the driver changes: their addresses may go. */
export const MAY_MOVE = 'chaos.herald.io/may-move'

interface Entry {
  readonly service: LedgerService
  readonly addresses: readonly string[]
}

/**
 * Who holds which address, by what the API server says, state after state. Pure. It knows two laws, apart from Herald's code: an address has one
 * holder, unless all its holders agree on a sharing key and have no port in common; and what a Service has it keeps until it is deleted.
 */
export class AddressLedger {
  readonly #entries = new Map<string, Entry>()
  readonly #holders = new Map<string, Set<string>>()
  readonly #everHeld = new Set<string>()
  readonly #violations: string[] = []
  #changes = 0

  /** The whole of the collection: what is not in it is gone. */
  replace(services: readonly LedgerService[]): void {
    const present = new Set(services.map(({ metadata }) => metadata.uid))
    for (const uid of [...this.#entries.keys()]) if (!present.has(uid)) this.#drop(uid)
    // What was given up meanwhile comes before what was given out.
    for (const service of services) if (this.#entries.has(service.metadata.uid)) this.#release(service)
    for (const service of services) this.#see(service)
  }

  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', service: LedgerService): void {
    if (type === 'DELETED') this.#drop(service.metadata.uid)
    else this.#see(service)
  }

  /** What was against the law, each with the objects that it is about; never forgotten. */
  get violations(): readonly string[] {
    return this.#violations
  }

  /** How many states of Services were looked at. */
  get changes(): number {
    return this.#changes
  }

  get services(): LedgerService[] {
    return [...this.#entries.values()].map(({ service }) => service)
  }

  isHeld(address: string): boolean {
    return (this.#holders.get(address)?.size ?? 0) > 0
  }

  /** Addresses that some Service held once and none holds now. */
  get freed(): string[] {
    return [...this.#everHeld].filter(address => !this.isHeld(address))
  }

  #see(service: LedgerService): void {
    this.#changes++
    const { uid } = service.metadata
    const before = this.#entries.get(uid)
    const addresses = addressesOf(service)
    const lost = (before?.addresses ?? []).filter(address => !addresses.includes(address))
    if (lost.length > 0 && mustKeep(service))
      this.#violations.push(`${nameOf(service)} lost ${lost.join(', ')}; it has ${addresses.join(', ') || 'nothing'}`)
    this.#release(service)
    this.#entries.set(uid, { service, addresses })
    for (const address of addresses) this.#hold(address, service)
  }

  #hold(address: string, service: LedgerService): void {
    const holders = this.#holders.get(address) ?? new Set()
    for (const uid of holders) {
      const other = this.#entries.get(uid)!.service
      if (!mayShare(service, other))
        this.#violations.push(`${address} is held by ${nameOf(other)} and by ${nameOf(service)}`)
    }
    holders.add(service.metadata.uid)
    this.#holders.set(address, holders)
    this.#everHeld.add(address)
  }

  /** Takes off what the Service no longer shows. */
  #release(service: LedgerService): void {
    const { uid } = service.metadata
    const shown = addressesOf(service)
    for (const address of this.#entries.get(uid)?.addresses ?? [])
      if (!shown.includes(address)) this.#holders.get(address)?.delete(uid)
    for (const address of shown) this.#holders.get(address)?.delete(uid)
  }

  #drop(uid: string): void {
    const entry = this.#entries.get(uid)
    for (const address of entry?.addresses ?? []) this.#holders.get(address)?.delete(uid)
    this.#entries.delete(uid)
  }
}

/** The addresses that a Service shows, in canonical form. */
export function addressesOf({ status }: LedgerService): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => {
    const address = ip === undefined ? undefined : parseAddress(ip)
    return address === undefined ? [] : formatAddress(address)
  })
}

function mustKeep({ metadata, spec }: LedgerService): boolean {
  return (
    spec.type === 'LoadBalancer' &&
    metadata.deletionTimestamp === undefined &&
    metadata.labels?.[MAY_MOVE] === undefined
  )
}

function mayShare(one: LedgerService, other: LedgerService): boolean {
  const key = (service: LedgerService) => service.metadata.annotations?.['metallb.io/allow-shared-ip']
  const ports = (service: LedgerService) =>
    (service.spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${protocol} ${port}`)
  return key(one) !== undefined && key(one) === key(other) && !ports(one).some(port => ports(other).includes(port))
}

const nameOf = ({ metadata }: LedgerService) => `${metadata.namespace ?? ''}/${metadata.name}`

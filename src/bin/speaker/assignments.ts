import type { EventRecorder } from '../../kubernetes/events.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { services } from '../../kubernetes/resources.ts'
import type { ServiceView } from '../../resources/service.ts'
import type { AnnouncedAddress } from '../../speaker/decide.ts'
import type { DecisionChange } from '../../speaker/decisions.ts'
import type { WithholdReason } from '../../speaker/withhold-reason.ts'
import type { LinkReport } from './link/link-messages.ts'

export interface AssignmentsComponents {
  serviceOf: (key: string) => ServiceView | undefined
  /** the Services that hold an address */
  servicesOf: (address: string) => Iterable<string>
  events: Pick<EventRecorder, 'record'>
  logger: Logger
}

/** Reasons for which a Service claims no address. */
const GONE: readonly WithholdReason[] = ['serviceDeleted', 'notLoadBalancer']

/** Tells, on the Services and in the log, which of them this node is to announce, announces, or cannot. */
export class Assignments {
  readonly #components: AssignmentsComponents
  readonly #nodeName: string
  /** Services for whose addresses this node is elected */
  readonly #elected = new Map<string, readonly AnnouncedAddress[]>()
  /** of these: without an interface to announce on */
  readonly #failed = new Set<string>()
  /** Services of which an address is announced here, elected or not */
  readonly #announced = new Set<string>()
  #interfaces: readonly string[] = []
  /** addresses that are announced here */
  readonly #active = new Set<string>()

  constructor(components: AssignmentsComponents, init: { nodeName: string }) {
    this.#components = components
    this.#nodeName = init.nodeName
  }

  /** The addresses that are announced here; the set goes on with the reports. */
  get active(): ReadonlySet<string> {
    return this.#active
  }

  /** Each Service with each of its addresses that is announced here. */
  *rows(): IterableIterator<{ service: string; ip: string }> {
    for (const ip of this.#active) for (const service of this.#components.servicesOf(ip)) yield { service, ip }
  }

  decided({ key, before, after }: DecisionChange): void {
    const { logger } = this.#components
    if ('withhold' in after) {
      this.#elected.delete(key)
      this.#failed.delete(key)
      const fields = { service: key, reason: after.withhold }
      // Nobody claims its addresses any more by whom #ended() would find it, and one of the same name is another.
      if (GONE.includes(after.withhold) && this.#announced.delete(key)) logger.info(fields, 'service withdrawn')
      if ('announce' in before) logger.info(fields, 'not elected any more')
      else logger.debug(fields, 'service not announced')
      return
    }
    this.#elected.set(key, after.announce)
    const addresses = after.announce.map(address => address.key)
    logger.info({ service: key, addresses, interfaces: after.announce[0]?.interfaces }, 'elected')
    this.#checkInterfaces(key, after.announce)
    // It came to share an address that is announced already: no report will tell of it.
    if (addresses.some(address => this.#active.has(address))) this.#began(key)
  }

  reported({ interfaces, announced, withdrawn }: LinkReport): void {
    const names = interfaces.map(({ name }) => name)
    const changed = String(names) !== String(this.#interfaces)
    this.#interfaces = names
    if (changed) for (const [key, announce] of this.#elected) this.#checkInterfaces(key, announce)
    const ended = withdrawn.filter(address => this.#active.delete(address))
    const began = announced.map(({ address }) => address).filter(address => !this.#active.has(address))
    for (const address of began) this.#active.add(address)
    for (const address of ended) for (const key of this.#components.servicesOf(address)) this.#ended(key)
    for (const address of began) for (const key of this.#components.servicesOf(address)) this.#began(key)
  }

  #began(key: string): void {
    if (this.#announced.has(key)) return
    this.#announced.add(key)
    const note = `announcing from node ${JSON.stringify(this.#nodeName)} with protocol "layer2"`
    this.#components.logger.info({ service: key }, 'service announced')
    this.#record(key, 'Normal', 'nodeAssigned', note)
  }

  #ended(key: string): void {
    const service = this.#components.serviceOf(key)
    if (service?.ingress.some(({ ip }) => this.#active.has(ip ?? ''))) return
    if (this.#announced.delete(key)) this.#components.logger.info({ service: key }, 'service withdrawn')
  }

  #checkInterfaces(key: string, announce: readonly AnnouncedAddress[]): void {
    const present = this.#interfaces
    const missing = announce.every(({ interfaces }) =>
      interfaces === 'all' ? present.length === 0 : !interfaces.some(name => present.includes(name)),
    )
    if (missing === this.#failed.has(key)) return
    if (!missing) {
      this.#failed.delete(key)
      return
    }
    this.#failed.add(key)
    const wanted = announce[0]!.interfaces
    const node = JSON.stringify(this.#nodeName)
    const note =
      wanted === 'all'
        ? `node ${node} has no interface to announce on`
        : `node ${node} has none of the interfaces that the L2Advertisement names: ${wanted.join(', ')}`
    this.#record(key, 'Warning', 'announceFailed', note)
  }

  #record(key: string, type: 'Normal' | 'Warning', reason: string, note: string): void {
    const service = this.#components.serviceOf(key)
    if (service) this.#components.events.record(services, service, type, reason, note)
  }
}

import type { ServicePort } from '../resources/service.ts'
import type { AddressValue } from './free-addresses.ts'
import { type SharingObjection, type SharingTerms, sharingObjection, UNSHARED } from './sharing.ts'

/** The holders of each address: one as a rule, several where they share it. */
export class Holders {
  /** A key alone, or a set of them: one Service an address is the rule, and 50,000 sets would be dear. */
  readonly #byAddress = new Map<AddressValue, string | Set<string>>()
  /** of those that share */
  readonly #terms = new Map<string, SharingTerms>()
  /** addresses that are held on terms, by key and backend */
  readonly #shared = new Map<string, Set<AddressValue>>()
  /** of how many addresses of such a group a port is in use */
  readonly #withPort = new Map<string, number>()

  has(value: AddressValue): boolean {
    return this.#byAddress.has(value)
  }

  termsOf(key: string): SharingTerms {
    return this.#terms.get(key) ?? UNSHARED
  }

  /** Which of the others that have an address does not share it on these terms, and why; of several the first by key. */
  objection(
    key: string,
    value: AddressValue,
    terms: SharingTerms,
  ): { readonly by: string; readonly objection: SharingObjection } | undefined {
    const holders = this.#byAddress.get(value)
    if (holders === undefined || holders === key) return undefined
    let first: { by: string; objection: SharingObjection } | undefined
    for (const by of typeof holders === 'string' ? [holders] : holders) {
      const objection = by === key ? undefined : sharingObjection(terms, this.termsOf(by))
      if (objection && (!first || by < first.by)) first = { by, objection }
    }
    return first
  }

  /** Addresses that somebody holds with the same sharing key and backend; some of their ports may clash. */
  sharedLike(terms: SharingTerms): Iterable<AddressValue> {
    const name = groupOf(terms)
    const group = this.#shared.get(name)
    if (!group || terms.key === '') return []
    // Thousands of Services may name one key and one port: then no address of the key needs to be looked at.
    const full = terms.ports.some(port => this.#withPort.get(portOf(name, port)) === group.size)
    return full ? [] : group
  }

  /** Adds a holder; true when it is the address's first. */
  add(key: string, value: AddressValue, terms: SharingTerms): boolean {
    const holders = this.#byAddress.get(value)
    if (holders === undefined) this.#byAddress.set(value, key)
    else if (typeof holders === 'string') this.#byAddress.set(value, new Set([holders, key]))
    else holders.add(key)
    if (terms.key === '') this.#terms.delete(key)
    else {
      this.#terms.set(key, terms)
      const group = this.#shared.get(groupOf(terms))
      if (group) group.add(value)
      else this.#shared.set(groupOf(terms), new Set([value]))
      this.#countPorts(terms, 1)
    }
    return holders === undefined
  }

  /** Takes a holder away; true when nobody holds the address any more. */
  remove(key: string, value: AddressValue): boolean {
    const holders = this.#byAddress.get(value)
    const terms = this.termsOf(key)
    if (typeof holders === 'object') {
      if (!holders.delete(key)) return false
      this.#countPorts(terms, -1)
      const [last] = holders
      if (holders.size === 1 && last !== undefined) this.#byAddress.set(value, last)
      return false
    }
    if (holders !== key) return false
    this.#byAddress.delete(value)
    if (terms.key !== '') {
      this.#countPorts(terms, -1)
      this.#leaveGroup(groupOf(terms), value)
    }
    return true
  }

  /** Forgets the terms of a holder that has nothing any more. */
  forget(key: string): void {
    this.#terms.delete(key)
  }

  /** One more, or one less, of the addresses held on these terms has their ports in use. */
  #countPorts(terms: SharingTerms, step: 1 | -1): void {
    const group = groupOf(terms)
    // Twice the same port in one Service, as a hostile one might have it, is one port.
    for (const name of new Set(terms.ports.map(port => portOf(group, port)))) {
      const count = (this.#withPort.get(name) ?? 0) + step
      if (count === 0) this.#withPort.delete(name)
      else this.#withPort.set(name, count)
    }
  }

  #leaveGroup(name: string, value: AddressValue): void {
    const group = this.#shared.get(name)
    group?.delete(value)
    if (group?.size === 0) this.#shared.delete(name)
  }
}

// A label selector has no NUL, and neither has an annotation that names it.
function groupOf({ key, backend }: SharingTerms): string {
  return `${backend}\0${key}`
}

function portOf(group: string, { protocol, port }: ServicePort): string {
  return `${group}\0${protocol}/${port}`
}

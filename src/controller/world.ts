import type { Allocator } from '../allocator/allocator.ts'
import type { AddressPool } from '../config/address-pool.ts'

/** What a decision about one Service depends on, beside the Service. The allocator is the one thing that it changes. */
export interface World {
  readonly allocator: Allocator
  /** those that stand, in the order in which they are tried */
  readonly pools: readonly AddressPool[]
  readonly loadBalancerClass: string
  /** Whether there is a pool of this name that does not stand: it gives nothing out and takes nothing away. */
  isRefused(pool: string): boolean
  /** undefined while the namespace has not been seen */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined
}

/**
 * Why a Service has its address, or has none: the reasons of the condition `herald.io/AddressAllocated`, with what they
 * mean, what to do, and the reason of the event that tells of them, which is MetalLB's. Conditions, events, logs and the
 * docs take them from here.
 */
export const ALLOCATION_REASONS = {
  Allocated: {
    event: 'IPAllocated',
    meaning: 'The Service has its addresses.',
    advice: 'Nothing to do.',
  },
  SecondFamilyNotAvailable: {
    event: 'AdditionalAssignFailed',
    meaning:
      'The Service prefers dual stack and has an address of one family. The pool of that address has none of the other family, or none free.',
    advice:
      'Nothing, if one family is enough. Else add addresses of the other family to that pool: the Service gets one and keeps what it has. All addresses of a Service come from one pool.',
  },
  NoPool: {
    event: 'AllocationFailed',
    meaning: 'There is no IPAddressPool that Herald could take an address from.',
    advice:
      'Create an IPAddressPool in the namespace of Herald. If there is one, its own status says why it was refused.',
  },
  NoMatchingPool: {
    event: 'AllocationFailed',
    meaning: 'There are pools, but none of them serves this Service.',
    advice:
      'Check autoAssign and serviceAllocation of the pools, or ask for a pool with the annotation metallb.io/address-pool.',
  },
  FamilyNotAvailable: {
    event: 'AllocationFailed',
    meaning: 'The pools that serve this Service have no addresses of the IP family that it needs.',
    advice: 'Add addresses of that family to a pool, or change ipFamilies of the Service.',
  },
  PoolExhausted: {
    event: 'AllocationFailed',
    meaning: 'Every address of the pools that serve this Service is in use.',
    advice:
      'Add addresses to a pool, or delete a Service: the oldest waiting Service gets the address that becomes free.',
  },
  UnknownPool: {
    event: 'AllocationFailed',
    meaning: 'The pool that the Service asks for by annotation does not exist, or was refused.',
    advice:
      'Correct the annotation metallb.io/address-pool, or create the pool. A pool that is refused says why in its own status.',
  },
  PoolNotAllowed: {
    event: 'AllocationFailed',
    meaning: 'The pool that the Service asks for does not serve it: its serviceAllocation excludes the Service.',
    advice: 'Ask for another pool, or change serviceAllocation of this one.',
  },
  InvalidRequest: {
    event: 'LoadBalancerFailed',
    meaning: 'What the Service asks for cannot be understood, or contradicts itself.',
    advice:
      'Correct the field or annotation that the message names. Until then the Service keeps the address that it has, if it has one.',
  },
  AddressNotInPool: {
    event: 'AllocationFailed',
    meaning: 'The address that the Service asks for lies in no pool, or not in the pool that it names.',
    advice: 'Ask for an address of a pool, or add the address to a pool.',
  },
  AddressInUse: {
    event: 'AllocationFailed',
    meaning: 'The address that the Service asks for is held by another Service, with which it cannot be shared.',
    advice: 'Ask for another address; when the holder is deleted, this Service gets it.',
  },
  AddressReserved: {
    event: 'AllocationFailed',
    meaning: 'The address that the Service asks for is kept for another Service, or for nobody.',
    advice: 'Ask for another address, or change the AddressReservation that the message names.',
  },
  NoClusterIP: {
    event: 'noclusterIPsIPFamily',
    meaning: 'The Service has no cluster IP, so its IP families are unknown.',
    advice: 'Give the Service a cluster IP: a headless Service cannot be load-balanced.',
  },
  NotEnoughClusterIPs: {
    event: 'not enough clusterips',
    meaning: 'The ipFamilyPolicy of the Service is RequireDualStack, but it has cluster IPs of one family only.',
    advice: 'Use PreferDualStack, or give the cluster a Service network of the second family.',
  },
  ForeignAddress: {
    event: 'AllocationFailed',
    meaning: 'The Service holds an address that Herald did not give and that lies in no pool of its own.',
    advice: "Leave it to the implementation that gave it and set its loadBalancerClass, or clear the Service's status.",
  },
} as const satisfies Record<string, { event: string; meaning: string; advice: string }>

export type AllocationReason = keyof typeof ALLOCATION_REASONS

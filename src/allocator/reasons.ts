/**
 * Why a Service has its address, or has none: the reasons of the condition `herald.io/AddressAllocated`, with what they
 * mean and what to do. Conditions, events, logs and the docs take them from here.
 */
export const ALLOCATION_REASONS = {
  Allocated: {
    meaning: 'The Service has its addresses.',
    advice: 'Nothing to do.',
  },
  NoPool: {
    meaning: 'There is no IPAddressPool that Herald could take an address from.',
    advice:
      'Create an IPAddressPool in the namespace of Herald. If there is one, its own status says why it was refused.',
  },
  NoMatchingPool: {
    meaning: 'There are pools, but none of them serves this Service.',
    advice:
      'Check autoAssign and serviceAllocation of the pools, or ask for a pool with the annotation metallb.io/address-pool.',
  },
  FamilyNotAvailable: {
    meaning: 'The pools that serve this Service have no addresses of the IP family that it needs.',
    advice: 'Add addresses of that family to a pool, or change ipFamilies of the Service.',
  },
  PoolExhausted: {
    meaning: 'Every address of the pools that serve this Service is in use.',
    advice:
      'Add addresses to a pool, or delete a Service: the oldest waiting Service gets the address that becomes free.',
  },
  UnknownPool: {
    meaning: 'The pool that the Service asks for by annotation does not exist, or was refused.',
    advice:
      'Correct the annotation metallb.io/address-pool, or create the pool. A pool that is refused says why in its own status.',
  },
  PoolNotAllowed: {
    meaning: 'The pool that the Service asks for does not serve it: its serviceAllocation excludes the Service.',
    advice: 'Ask for another pool, or change serviceAllocation of this one.',
  },
  InvalidRequest: {
    meaning: 'What the Service asks for cannot be understood, or contradicts itself.',
    advice:
      'Correct the field or annotation that the message names. Until then the Service keeps the address that it has, if it has one.',
  },
  AddressNotInPool: {
    meaning: 'The address that the Service asks for lies in no pool, or not in the pool that it names.',
    advice: 'Ask for an address of a pool, or add the address to a pool.',
  },
  AddressInUse: {
    meaning: 'The address that the Service asks for is held by another Service, with which it cannot be shared.',
    advice: 'Ask for another address; when the holder is deleted, this Service gets it.',
  },
  AddressReserved: {
    meaning: 'The address that the Service asks for is kept for another Service, or for nobody.',
    advice: 'Ask for another address, or change the AddressReservation that the message names.',
  },
  NoClusterIP: {
    meaning:
      'The Service has no cluster IP, or not those that its ipFamilyPolicy requires, so its families are unknown.',
    advice: 'Give the Service cluster IPs: a headless Service cannot be load-balanced, and RequireDualStack needs two.',
  },
  ForeignAddress: {
    meaning: 'The Service holds an address that Herald did not give and that lies in no pool of its own.',
    advice: "Leave it to the implementation that gave it and set its loadBalancerClass, or clear the Service's status.",
  },
} as const satisfies Record<string, { meaning: string; advice: string }>

export type AllocationReason = keyof typeof ALLOCATION_REASONS

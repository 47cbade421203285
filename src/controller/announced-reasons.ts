/**
 * Why a Service is announced, or is not: the reasons of the condition `herald.io/Announced`, with what they mean and what to do.
 * `status` is the condition's. Conditions, events, logs and the docs take them from here.
 */
export const ANNOUNCED_REASONS = {
  Announced: {
    status: 'True',
    meaning: 'Every address of the Service is announced by a node.',
    advice:
      'Nothing to do. The message names nodes and interfaces, or nodes, BGP peers and how many of their sessions are established; and what is refused beside.',
  },
  AddressContested: {
    status: 'True',
    meaning: 'A node announces the address, and a host that is no node of the cluster claims it too.',
    advice:
      'Find the host by the MAC address in the message, and give it another address. Part of the traffic may reach it.',
  },
  AddressConflict: {
    status: 'False',
    meaning: 'A host that is no node of the cluster has the address. Nobody announces it until that host falls silent.',
    advice:
      'Find the host by the MAC address in the message and give it another address, or take the address out of the pool. Nothing needs to be restarted.',
  },
  NoEndpoints: {
    status: 'False',
    meaning: 'No endpoint of the Service serves: there would be nobody to answer.',
    advice: 'See why its pods are not ready, and whether its selector matches them.',
  },
  NoMatchingAdvertisement: {
    status: 'False',
    meaning: 'No L2Advertisement and no BGPAdvertisement applies to the pool of the address and to the Service.',
    advice:
      'Create an advertisement for the pool, or check ipAddressPools and serviceSelectors of those that there are. One that is refused says so in its condition Accepted.',
  },
  SharedAddressWithServiceSelector: {
    status: 'False',
    meaning:
      'The Service shares its address, and an L2Advertisement selects Services by label: it might not select the others.',
    advice: 'Remove serviceSelectors from the L2Advertisement, or the annotation that shares the address.',
  },
  NoEligibleNode: {
    status: 'False',
    meaning: 'An advertisement applies, but no node may announce the address. The message gives the reason of each.',
    advice: 'See what the reason of the nodes in question means, in the table below.',
  },
  NoPeer: {
    status: 'False',
    meaning: 'A BGPAdvertisement applies, but none of the nodes that could announce the address has a BGPPeer to tell.',
    advice:
      'Create a BGPPeer, or check the peers of the BGPAdvertisement and the nodeSelectors of the BGPPeers. One that is refused stands in the message, and says so in its condition Accepted. A session carries one IP family unless dualStackAddressFamily is set.',
  },
  NoSession: {
    status: 'False',
    meaning: 'Nodes are to announce the address by BGP, and none of their sessions is established.',
    advice:
      'The message names the peers and what went wrong last; kubectl get bgpsessionstatuses shows each session. Check that the router is reachable and has the node as neighbour, and AS numbers and password on both sides.',
  },
  ConflictingAdvertisements: {
    status: 'False',
    meaning:
      'Two BGPAdvertisements that apply want different values of localPref for the same prefix at the same peer, so that no node announces it.',
    advice: 'Give them the same localPref, different aggregation lengths, or peers or nodes of their own.',
  },
  TakeoverPending: {
    status: 'False',
    meaning: 'A node is to announce the address and has not reported so yet.',
    advice:
      'Usual for a second or two after a change. If it stays, see the SpeakerStatus of the node that the message names, and the log of its speaker.',
  },
} as const satisfies Record<string, { status: 'True' | 'False'; meaning: string; advice: string }>

export type AnnouncedReason = keyof typeof ANNOUNCED_REASONS

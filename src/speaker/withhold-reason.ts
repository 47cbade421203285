/** What a reason means, and what to do about it: for conditions, events, logs and the docs. */
interface Explanation {
  readonly meaning: string
  readonly advice: string
}

/**
 * Why a Service is not announced at all: true on every node alike. The words are MetalLB's where it has one; they stand in logs and
 * tests, and never change their meaning.
 */
export const SERVICE_WITHHOLD_REASONS = {
  serviceDeleted: { meaning: 'The Service is gone.', advice: 'Nothing to do.' },
  notLoadBalancer: { meaning: 'The type of the Service is not LoadBalancer.', advice: 'Nothing to do.' },
  otherLoadBalancerClass: {
    meaning: 'Its loadBalancerClass says that another implementation handles the Service.',
    advice: "Nothing to do, or set Herald's own class with the chart value loadBalancerClass.",
  },
  noIPAllocated: {
    meaning: 'The Service has no address yet.',
    advice: 'See its condition herald.io/AddressAllocated.',
  },
  invalidIP: {
    meaning: 'The status of the Service holds something that is no IP address, such as a hostname.',
    advice: 'Another implementation wrote it: give the Service a loadBalancerClass of its own.',
  },
  ipNotAllowed: {
    meaning: 'The address of the Service is in no IPAddressPool.',
    advice: 'Add it to a pool, or wait: a Service of Herald gets another address.',
  },
  noEndpoints: {
    meaning: 'No endpoint of the Service serves: there would be nobody to answer.',
    advice: 'See why its pods are not ready, and whether its selector matches them.',
  },
  sharedIPWithServiceSelector: {
    meaning:
      'The Service shares its address, and an L2Advertisement selects Services by label: it might not select the others.',
    advice: 'Remove serviceSelectors from the L2Advertisement, or the annotation that shares the address.',
  },
} as const satisfies Record<string, Explanation>

/** Why one node does not announce an address. */
export const NODE_WITHHOLD_REASONS = {
  speakerNotRegistered: {
    meaning: 'No speaker of Herald works on the node, or the API server has not heard of it for 30 s.',
    advice: 'See whether the pod of the speaker runs on the node, and what it logs.',
  },
  nodeNetworkUnavailable: {
    meaning: "The node's condition NetworkUnavailable is True.",
    advice: 'Wait for the network plugin, or see what is wrong with it.',
  },
  nodeLabeledExcludeBalancers: {
    meaning: 'The node has the label node.kubernetes.io/exclude-from-external-load-balancers.',
    advice: 'Remove the label, or set the chart value speaker.ignoreExcludeLB.',
  },
  nodeDraining: {
    meaning: 'The node hands its addresses over, and takes none: it is being drained.',
    advice: 'Remove the annotation herald.io/drain from the node, or what else drains it (cordon, taint).',
  },
  noMatchingAdvertisement: {
    meaning: 'No L2Advertisement or BGPAdvertisement applies to the pool, the Service and the node.',
    advice:
      'Create an advertisement, or check its ipAddressPools, serviceSelectors and nodeSelectors. One that is refused says so in its condition Accepted.',
  },
  noInterface: {
    meaning: 'The node has none of the interfaces that the L2Advertisement names, or none that works.',
    advice: 'Check interfaces of the L2Advertisement against those in the SpeakerStatus of the node.',
  },
  notInSubnet: {
    meaning:
      "No interface of the node is in the address's subnet, other nodes have one, and the L2Advertisement names no interface.",
    advice: 'Nothing to do, or name the interfaces in the L2Advertisement.',
  },
  noLocalEndpoints: {
    meaning: 'externalTrafficPolicy of the Service is Local, and no endpoint on the node serves.',
    advice: 'Run a pod of the Service on the node, or use the policy Cluster.',
  },
  noPeer: {
    meaning:
      'The BGPAdvertisements that apply name no BGPPeer that selects the node, or none whose session carries the IP family of the address.',
    advice:
      'Create a BGPPeer, or check the peers of the BGPAdvertisement, and nodeSelectors and dualStackAddressFamily of the BGPPeers.',
  },
  conflictingAdvertisements: {
    meaning:
      'Two BGPAdvertisements that apply want different values of localPref for the same prefix and the same BGPPeer.',
    advice: 'Give them the same localPref, different aggregation lengths, or peers or nodes of their own.',
  },
  endpointsNew: {
    meaning:
      'externalTrafficPolicy of the Service is Local, and the endpoint on the node has only just begun to serve, while other nodes serve already: kube-proxy needs a second to know it.',
    advice: 'Nothing to do.',
  },
  endpointsTerminating: {
    meaning:
      'externalTrafficPolicy of the Service is Local, every endpoint on the node is terminating, and other nodes have ready ones.',
    advice: 'Nothing to do.',
  },
  notOwner: { meaning: 'Another node is to announce it.', advice: 'Nothing to do.' },
} as const satisfies Record<string, Explanation>

/** Why a node does not announce a Service. */
export type WithholdReason = keyof typeof SERVICE_WITHHOLD_REASONS | keyof typeof NODE_WITHHOLD_REASONS

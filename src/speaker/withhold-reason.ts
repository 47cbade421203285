/** Why this node does not announce a Service: stable words for logs, metrics and tests. */
export const WithholdReason = {
  /** the Service is gone */
  serviceDeleted: 'serviceDeleted',
  /** type is not LoadBalancer */
  notLoadBalancer: 'notLoadBalancer',
  /** loadBalancerClass says that another implementation handles it */
  otherLoadBalancerClass: 'otherLoadBalancerClass',
  /** status.loadBalancer.ingress is empty */
  noIPAllocated: 'noIPAllocated',
  /** an ingress entry holds no IP address */
  invalidIP: 'invalidIP',
  /** an address is in no IPAddressPool */
  ipNotAllowed: 'ipNotAllowed',
  /** no endpoint serves anywhere */
  noEndpoints: 'noEndpoints',
  /** no L2Advertisement applies to the pool, the Service and this node */
  noMatchingAdvertisement: 'noMatchingAdvertisement',
  /** the Service shares addresses, and an L2Advertisement selects Services by label: others on the address might not be selected */
  sharedIPWithServiceSelector: 'sharedIPWithServiceSelector',
  /** the Node's condition NetworkUnavailable is True */
  nodeNetworkUnavailable: 'nodeNetworkUnavailable',
  /** the Node has the label node.kubernetes.io/exclude-from-external-load-balancers */
  nodeLabeledExcludeBalancers: 'nodeLabeledExcludeBalancers',
  /** there is no such Node, or its speaker has not registered, or its registration has run out */
  speakerNotRegistered: 'speakerNotRegistered',
  /** externalTrafficPolicy is Local, and no endpoint on this node serves */
  noLocalEndpoints: 'noLocalEndpoints',
  /** another node is to announce it */
  notOwner: 'notOwner',
} as const
export type WithholdReason = (typeof WithholdReason)[keyof typeof WithholdReason]

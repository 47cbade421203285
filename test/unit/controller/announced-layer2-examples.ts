import { announcing, conflict, type Example, exclude, local, sharing, since, teamX } from './announced-situation.ts'

const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`node-${1_000 + index}`, exclude]))

/** Announced, or to be announced, by layer 2 alone. */
export const LAYER2_EXAMPLES: readonly Example[] = [
  {
    when: 'a node announces it',
    reason: 'Announced',
    message: `192.0.2.1 from node "b" on eth0 since ${since}`,
    situation: { speakers: { b: announcing('192.0.2.1') } },
  },
  {
    when: 'another than the elected node announces it still',
    reason: 'Announced',
    message: `192.0.2.1 from node "b" on eth0, eth1 since ${since}`,
    situation: { owner: 'a', speakers: { b: announcing('192.0.2.1', ['eth0', 'eth1']) } },
  },
  {
    when: 'both families are announced, one by two nodes at the moment',
    reason: 'Announced',
    message: `192.0.2.1 from node "a" on eth0 since ${since} and from node "b" on eth0 since ${since}; 2001:db8::1 from node "b" on eth0 since ${since}`,
    situation: {
      addresses: ['192.0.2.1', '2001:DB8::1'],
      speakers: {
        a: announcing('192.0.2.1'),
        b: { announcements: [...announcing('192.0.2.1').announcements!, ...announcing('2001:db8::1').announcements!] },
      },
    },
  },
  {
    when: 'a foreign host claims what a node announces',
    reason: 'AddressContested',
    message: `192.0.2.1 from node "a" on eth0 since ${since}, but the host 02:00:5e:20:00:99, heard by node "a" on eth0 since ${since} claims it too`,
    situation: { speakers: { a: { ...announcing('192.0.2.1'), conflicts: [conflict] } } },
  },
  {
    when: 'a foreign host has it, which one node hears',
    reason: 'AddressConflict',
    message: `192.0.2.1: it is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 since ${since}`,
    situation: { speakers: { b: { conflicts: [conflict] } } },
  },
  {
    when: 'a foreign host has it, which all nodes hear: the first one counts',
    reason: 'AddressConflict',
    message: `192.0.2.1: it is in use by the host 02:00:5e:20:00:99, heard by node "b" on eth0 and 1 more since 2026-01-01T11:00:00Z`,
    situation: {
      speakers: { a: { conflicts: [conflict] }, b: { conflicts: [{ ...conflict, since: '2026-01-01T11:00:00Z' }] } },
    },
  },
  {
    when: 'one address of two is in conflict',
    reason: 'AddressConflict',
    message: `192.0.2.1: it is in use by the host 02:00:5e:20:00:99, heard by node "a" on eth0 since ${since}; 2001:db8::1 from node "a" on eth0 since ${since}`,
    situation: {
      addresses: ['192.0.2.1', '2001:db8::1'],
      speakers: { a: { conflicts: [conflict], ...announcing('2001:db8::1') } },
    },
  },
  {
    when: 'nothing serves, whoever still announces',
    reason: 'NoEndpoints',
    message: 'no endpoint of the Service serves',
    situation: { endpoints: { serving: false, nodes: [] }, speakers: { a: announcing('192.0.2.1') } },
  },
  {
    when: 'there is no advertisement',
    reason: 'NoMatchingAdvertisement',
    message: '192.0.2.1: no L2Advertisement or BGPAdvertisement applies to the pool "web" and this Service',
    situation: { advertisements: {} },
  },
  {
    when: 'the only advertisement cannot be read',
    reason: 'NoMatchingAdvertisement',
    message:
      '192.0.2.1: no L2Advertisement or BGPAdvertisement applies to the pool "web" and this Service; refused: L2Advertisement "bad" (spec.nodeSelectors: must be a list of label selectors)',
    situation: { advertisements: { bad: { nodeSelectors: 'none' } } },
  },
  {
    when: 'one address of two has no advertisement',
    reason: 'NoMatchingAdvertisement',
    message: `192.0.2.1 from node "a" on eth0 since ${since}; 2001:db8::1: no L2Advertisement or BGPAdvertisement applies to the pool "six" and this Service`,
    situation: {
      addresses: ['192.0.2.1', '2001:db8::1'],
      advertisements: { web: { ipAddressPools: ['web'] } },
      speakers: { a: announcing('192.0.2.1') },
    },
  },
  {
    when: 'it shares its address and an advertisement selects by label',
    reason: 'SharedAddressWithServiceSelector',
    message: '192.0.2.1: the Service shares its address, and the L2Advertisement "x" selects Services by label',
    situation: {
      parts: { metadata: { ...sharing.metadata, labels: { team: 'x' } } },
      advertisements: { x: { serviceSelectors: teamX } },
    },
  },
  {
    when: 'each node has a reason of its own',
    reason: 'NoEligibleNode',
    message:
      '192.0.2.1: no node may announce it: noMatchingAdvertisement (d), nodeLabeledExcludeBalancers (a, c), speakerNotRegistered (b)',
    situation: {
      nodes: { c: { ...exclude, front: '' }, a: { ...exclude, front: '' }, b: { front: '' }, d: {} },
      speakers: { b: null },
      advertisements: { front: { nodeSelectors: [{ matchExpressions: [{ key: 'front', operator: 'Exists' }] }] } },
    },
  },
  {
    when: 'a thousand nodes have the same',
    reason: 'NoEligibleNode',
    message:
      '192.0.2.1: no node may announce it: nodeLabeledExcludeBalancers (node-1000, node-1001, node-1002, node-1003, node-1004 and 995 more)',
    situation: { nodes: many },
  },
  {
    when: 'there are no nodes',
    reason: 'NoEligibleNode',
    message: '192.0.2.1: no node may announce it: there is no node',
    situation: { nodes: {} },
  },
  {
    when: 'the policy is Local and the endpoints are where no speaker is',
    reason: 'NoEligibleNode',
    message: '192.0.2.1: no node may announce it: noLocalEndpoints (a), speakerNotRegistered (b)',
    situation: { parts: local, endpoints: { serving: true, nodes: ['b'] }, speakers: { b: null } },
  },
  {
    when: 'nobody has reported yet',
    reason: 'TakeoverPending',
    message: '192.0.2.1: node "a" is to announce it and has not reported so yet',
    situation: { owner: 'a' },
  },
  {
    when: 'the speaker that announced it is marked as expired',
    reason: 'TakeoverPending',
    message: '192.0.2.1: node "a" is to announce it and has not reported so yet',
    situation: { owner: 'a', speakers: { b: { ...announcing('192.0.2.1'), expiredAt: since } } },
  },
  {
    when: 'nobody has reported yet, and it is not known who is elected',
    reason: 'TakeoverPending',
    message: '192.0.2.1: one of 2 nodes is to announce it and has not reported so yet',
    situation: {},
  },
]

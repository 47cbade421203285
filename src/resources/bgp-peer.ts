import { type Static, Type } from 'typebox'
import { bgpPeerColumns, bgpPeerV1beta1Schema } from './bgp-peer-v1beta1.ts'
import type { CustomResource } from './crd.ts'
import {
  acceptedStatusSchema,
  apiVersionSchema,
  type CelRule,
  kindSchema,
  objectMetaSchema,
  options,
} from './schema.ts'
import { DURATION, durationSchema } from './schema-duration.ts'
import { labelSelectorsSchema } from './schema-selector.ts'

const HIGHEST_AS = 4_294_967_295
// Linux: IFNAMSIZ less its end.
const LONGEST_INTERFACE_NAME = 15
// RFC 4291 §2.2, the form with a dotted quad.
const LONGEST_ADDRESS = 45

/** What holds between fields. Clients in Go send some fields empty instead of leaving them out. */
const specRules: readonly CelRule[] = [
  {
    rule: "(has(self.peerASN) && self.peerASN != 0) != (has(self.dynamicASN) && self.dynamicASN != '')",
    message: 'exactly one of peerASN and dynamicASN must be given',
  },
  {
    rule: "(has(self.peerAddress) && self.peerAddress != '') != (has(self.interface) && self.interface != '')",
    message: 'exactly one of peerAddress and interface must be given',
  },
  {
    rule: "!has(self.password) || self.password == '' || !has(self.passwordSecret) || !has(self.passwordSecret.name) || self.passwordSecret.name == ''",
    message: 'password and passwordSecret must not be given together',
  },
  {
    rule: '!has(self.ebgpMultiHop) || !self.ebgpMultiHop || !has(self.peerASN) || self.peerASN != (has(self.localASN) ? self.localASN : self.myASN)',
    message: 'ebgpMultiHop has no meaning on an internal session',
  },
  {
    rule: `!has(self.holdTime) || !has(self.keepaliveTime) || !self.holdTime.matches('${DURATION}') || !self.keepaliveTime.matches('${DURATION}') || duration(self.keepaliveTime) <= duration(self.holdTime)`,
    message: 'keepaliveTime must not be longer than holdTime',
  },
]

const addressSchema = (description: string, message: string) =>
  Type.String(
    options({
      description,
      maxLength: LONGEST_ADDRESS,
      'x-kubernetes-validations': [
        { rule: "self == '' || isIP(self)", message, messageExpression: `'${message} "' + self + '"'` },
      ],
    }),
  )

const asNumber = (description: string, minimum: number) =>
  Type.Integer({ description, format: 'int64', minimum, maximum: HIGHEST_AS })

export const bgpPeerSchema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Object(
      {
        myASN: asNumber('AS number of the nodes.', 1),
        peerASN: Type.Optional(
          asNumber('AS number of the peer. The session is internal when it is that of the nodes.', 0),
        ),
        dynamicASN: Type.Optional(
          Type.Enum(['internal', 'external'], {
            description: 'In the place of `peerASN`: any AS number that makes the session internal, or external.',
          }),
        ),
        localASN: Type.Optional(
          asNumber('AS number of the nodes on this session, in the place of `myASN`; routes carry this one alone.', 1),
        ),
        peerAddress: Type.Optional(addressSchema('IP address of the peer.', 'invalid BGPPeer address')),
        interface: Type.Optional(
          Type.String({
            description:
              'In the place of `peerAddress`: the network interface on which the peer makes itself known by IPv6 router advertisements (unnumbered BGP). Such a session carries both address families.',
            maxLength: LONGEST_INTERFACE_NAME,
          }),
        ),
        sourceAddress: Type.Optional(
          addressSchema(
            "Address of the node to speak from, of the family of the peer's. The node chooses when it is empty.",
            'invalid source address',
          ),
        ),
        peerPort: Type.Optional(
          Type.Integer({
            description: 'TCP port of the peer.',
            format: 'int32',
            minimum: 1,
            maximum: 65_535,
            default: 179,
          }),
        ),
        holdTime: Type.Optional(
          durationSchema(
            'Proposed hold time, as in `90s`; both ends take the lesser. `0s`: neither keepalives nor a hold timer. Without it three times `keepaliveTime`, or 90 s.',
            {
              rule: 'duration(self).getSeconds() == 0 || (duration(self).getSeconds() >= 3 && duration(self).getSeconds() <= 65535)',
              message: 'must be 0 s, or from 3 s to 65535 s',
            },
          ),
        ),
        keepaliveTime: Type.Optional(
          durationSchema(
            'How often the peer is called, not longer than `holdTime`. Without it, or with `0s`, three times in the hold time that both ends agree on.',
          ),
        ),
        connectTime: Type.Optional(
          durationSchema('How long an answer is waited for before the peer is called anew. 10 s without it.', {
            rule: "duration(self) >= duration('1s') && duration(self) <= duration('65535s') && duration(self).getMilliseconds() % 1000 == 0",
            message: 'must be from 1 s to 65535 s, in whole seconds',
          }),
        ),
        routerID: Type.Optional(
          Type.String(
            options({
              description:
                "BGP identifier, written like an IPv4 address. Without it one is made of the node's addresses.",
              maxLength: LONGEST_ADDRESS,
              'x-kubernetes-validations': [
                {
                  rule: "self == '' || (isIP(self) && ip(self).family() == 4 && !ip(self).isUnspecified())",
                  message: 'must be an IPv4 address other than 0.0.0.0',
                },
              ],
            }),
          ),
        ),
        nodeSelectors: Type.Optional(
          labelSelectorsSchema('Labels of the nodes that hold a session with this peer. All nodes when empty.'),
        ),
        password: Type.Optional(
          Type.String({
            description: 'Password of TCP MD5 signatures (RFC 2385). Better kept in a Secret: `passwordSecret`.',
            maxLength: 80,
          }),
        ),
        passwordSecret: Type.Optional(
          Type.Object(
            {
              name: Type.Optional(Type.String({ description: 'Name of the Secret.' })),
              namespace: Type.Optional(
                Type.String({ description: "Not used: the Secret is looked for in Herald's namespace." }),
              ),
            },
            options({
              description:
                'The Secret, of type `kubernetes.io/basic-auth`, that holds the password under the key `password`.',
              'x-kubernetes-map-type': 'atomic',
            }),
          ),
        ),
        bfdProfile: Type.Optional(
          Type.String({ description: 'Name of the BFDProfile by which the peer is watched. No BFD when it is empty.' }),
        ),
        enableGracefulRestart: Type.Optional(
          Type.Boolean({
            description: 'Ask the peer to keep the routes while a speaker restarts (RFC 4724, RFC 8538).',
          }),
        ),
        ebgpMultiHop: Type.Optional(
          Type.Boolean({ description: 'The peer of an external session may be more than one hop away.' }),
        ),
        vrf: Type.Optional(
          Type.String({
            description: 'The VRF device that the session goes through.',
            maxLength: LONGEST_INTERFACE_NAME,
          }),
        ),
        disableMP: Type.Optional(Type.Boolean({ description: 'Deprecated; nothing depends on it.', default: false })),
        dualStackAddressFamily: Type.Optional(
          Type.Boolean({
            description: 'Announce the routes of the other address family too on this session.',
            default: false,
          }),
        ),
      },
      options({ description: 'Where the peer is, and how it is spoken to.', 'x-kubernetes-validations': specRules }),
    ),
    status: acceptedStatusSchema('Whether Herald holds sessions with this peer.'),
  },
  { description: 'A router to which the nodes announce addresses by BGP.' },
)

export type BgpPeerObject = Static<typeof bgpPeerSchema>

export const bgpPeerResource: CustomResource<BgpPeerObject> = {
  group: 'metallb.io',
  version: 'v1beta2',
  kind: 'BGPPeer',
  plural: 'bgppeers',
  singular: 'bgppeer',
  schema: bgpPeerSchema,
  columns: bgpPeerColumns,
  olderVersions: [
    {
      version: 'v1beta1',
      schema: bgpPeerV1beta1Schema,
      columns: bgpPeerColumns,
      deprecationWarning: 'metallb.io/v1beta1 BGPPeer is deprecated, use metallb.io/v1beta2',
    },
  ],
  notes: [
    'A peer counts only in the namespace that Herald runs in, and so does the Secret that it names.',
    'The annotation `herald.io/connection-mode` says who opens the connection: `active` (the node, and the default), `passive` (the router) or `both`. Nodes listen when the chart value `speaker.bgp.listenPort` is set.',
    'The annotation `herald.io/ttl-security-hops: "1"` refuses packets of a peer that is farther away than so many hops (RFC 5082, GTSM). The router must do the same: it has to send with TTL 255.',
    'Of two peers that would be the same session of a node (address or interface, port, VRF and source address), the elder stands.',
    'The state of each session is in the `BGPSessionStatus` objects.',
    '`metallb.io/v1beta1` is served too, deprecated, with the fields that it has always had.',
  ],
  example: {
    apiVersion: 'metallb.io/v1beta2',
    kind: 'BGPPeer',
    metadata: {
      name: 'rack-a',
      namespace: 'herald-system',
      annotations: { 'herald.io/ttl-security-hops': '1' },
    },
    spec: {
      myASN: 64512,
      peerASN: 64513,
      peerAddress: '203.0.113.1',
      holdTime: '30s',
      passwordSecret: { name: 'bgp-rack-a' },
      bfdProfile: 'fast',
      enableGracefulRestart: true,
      nodeSelectors: [{ matchLabels: { rack: 'a' } }],
    },
  },
}

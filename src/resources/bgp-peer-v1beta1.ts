import { Type } from 'typebox'
import type { PrinterColumn } from './crd.ts'
import { acceptedStatusSchema, apiVersionSchema, kindSchema, objectMetaSchema, options } from './schema.ts'

/** The columns of both versions. */
export const bgpPeerColumns: readonly PrinterColumn[] = [
  { name: 'Address', type: 'string', jsonPath: '.spec.peerAddress' },
  { name: 'ASN', type: 'string', jsonPath: '.spec.peerASN' },
  { name: 'BFD Profile', type: 'string', jsonPath: '.spec.bfdProfile' },
  { name: 'Multi Hops', type: 'string', jsonPath: '.spec.ebgpMultiHop' },
]

const HIGHEST_AS = 4_294_967_295
const asNumber = (description: string) =>
  Type.Integer({ description, format: 'int64', minimum: 0, maximum: HIGHEST_AS })

const nodeSelectorSchema = Type.Object({
  matchLabels: Type.Optional(
    Type.Record(
      Type.String(),
      Type.String(),
      options({ description: 'Labels that must all be there, with these values.' }),
    ),
  ),
  matchExpressions: Type.Optional(
    Type.Array(
      Type.Object({
        key: Type.String({ description: 'The label that is looked at.' }),
        operator: Type.String({ description: '`In`, `NotIn`, `Exists` or `DoesNotExist`.' }),
        values: Type.Optional(
          Type.Array(
            Type.String(),
            options({ description: 'What it is compared with.', 'x-kubernetes-list-type': 'atomic' }),
          ),
        ),
      }),
      options({ description: 'Conditions on labels that must all hold.', 'x-kubernetes-list-type': 'atomic' }),
    ),
  ),
})

/**
 * The deprecated version, as lenient as it has always been: what is written by it is stored as v1beta2 without a change but that of `apiVersion`, and
 * checked when it is read.
 */
export const bgpPeerV1beta1Schema = Type.Object(
  {
    apiVersion: Type.Optional(apiVersionSchema),
    kind: Type.Optional(kindSchema),
    metadata: objectMetaSchema,
    spec: Type.Object(
      {
        myASN: asNumber('AS number of the nodes.'),
        peerASN: asNumber('AS number of the peer.'),
        peerAddress: Type.String({ description: 'IP address of the peer.' }),
        sourceAddress: Type.Optional(Type.String({ description: 'Address of the node to speak from.' })),
        peerPort: Type.Optional(
          Type.Integer({
            description: 'TCP port of the peer, 179 when it is 0.',
            format: 'int32',
            minimum: 0,
            maximum: 65_535,
          }),
        ),
        holdTime: Type.Optional(Type.String({ description: 'Proposed hold time, as in `90s`.' })),
        keepaliveTime: Type.Optional(Type.String({ description: 'How often the peer is called.' })),
        routerID: Type.Optional(Type.String({ description: 'BGP identifier, written like an IPv4 address.' })),
        nodeSelectors: Type.Optional(
          Type.Array(
            nodeSelectorSchema,
            options({
              description: 'Labels of the nodes that hold a session with this peer. All nodes when empty.',
              'x-kubernetes-list-type': 'atomic',
            }),
          ),
        ),
        password: Type.Optional(Type.String({ description: 'Password of TCP MD5 signatures.' })),
        bfdProfile: Type.Optional(Type.String({ description: 'Name of the BFDProfile by which the peer is watched.' })),
        ebgpMultiHop: Type.Optional(
          Type.Boolean({ description: 'The peer of an external session may be more than one hop away.' }),
        ),
      },
      { description: 'Where the peer is, and how it is spoken to.' },
    ),
    // Cut to nothing, it would be lost with each write by this version.
    status: acceptedStatusSchema('Whether Herald holds sessions with this peer.'),
  },
  { description: 'A router to which the nodes announce addresses by BGP: deprecated version.' },
)

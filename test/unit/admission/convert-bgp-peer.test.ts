import assert from 'node:assert/strict'
import fc from 'fast-check'
import { answerConversion } from '../../../src/admission/conversion-review.ts'
import { convertBgpPeer, STASH_ANNOTATION } from '../../../src/admission/convert-bgp-peer.ts'

const metadata = { name: 'tor', namespace: 'herald-system', labels: { a: 'b' } }
const v1beta1 = (spec: object, annotations?: object) => ({
  ...{
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BGPPeer',
    metadata: { ...metadata, ...(annotations && { annotations }) },
  },
  spec,
})
const v1beta2 = (spec: object) => ({ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata, spec })

const plain = { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' }

const rows: { what: string; down: object; stash?: object; up: object }[] = [
  { what: 'what both have', up: { ...plain, holdTime: '30s' }, down: { ...plain, holdTime: '30s' } },
  {
    what: 'timers that nobody set, which are not zero',
    up: { ...plain, holdTime: '0s' },
    down: { ...plain, holdTime: '0s' },
  },
  {
    what: 'a peer by interface, with any AS number',
    up: { myASN: 64512, dynamicASN: 'external', interface: 'eth0' },
    down: { myASN: 64512, peerASN: 0, peerAddress: '' },
    stash: { dynamicASN: 'external', interface: 'eth0' },
  },
  {
    what: 'everything else that is new',
    up: {
      ...plain,
      ...{ passwordSecret: { name: 'a' }, localASN: 1, connectTime: '5s', enableGracefulRestart: false, vrf: 'red' },
      ...{ disableMP: true, dualStackAddressFamily: true },
    },
    down: plain,
    stash: {
      ...{ passwordSecret: { name: 'a' }, localASN: 1, connectTime: '5s', enableGracefulRestart: false, vrf: 'red' },
      ...{ disableMP: true, dualStackAddressFamily: true },
    },
  },
]

const convert = (object: object, version: 'v1beta1' | 'v1beta2') => convertBgpPeer({ ...object }, version)

describe('the conversion of BGPPeers', () => {
  for (const { what, up, down, stash } of rows) {
    it(`keeps ${what}`, () => {
      const lower = convert(v1beta2(up), 'v1beta1') as ReturnType<typeof v1beta1>
      const { annotations } = lower.metadata as { annotations?: Record<string, string> }
      assert.deepEqual(lower.spec, down)
      assert.deepEqual(annotations && JSON.parse(annotations[STASH_ANNOTATION]!), stash)
      assert.equal(lower.apiVersion, 'metallb.io/v1beta1')
      assert.deepEqual(convert(lower, 'v1beta2'), v1beta2(up))
    })
  }

  it('loses nothing of any peer, down and up, and up and down', () => {
    const common = {
      myASN: fc.nat(),
      peerPort: fc.integer({ min: 1, max: 65535 }),
      routerID: fc.string({ minLength: 1 }),
    }
    const more = {
      ...{
        holdTime: fc.constantFrom('0s', '90s'),
        nodeSelectors: fc.array(fc.object()),
        password: fc.string({ minLength: 1 }),
      },
      ...{ ebgpMultiHop: fc.boolean(), bfdProfile: fc.string({ minLength: 1 }) },
    }
    const later = {
      ...{
        localASN: fc.integer({ min: 1 }),
        connectTime: fc.string(),
        vrf: fc.string(),
        enableGracefulRestart: fc.boolean(),
      },
      ...{ dualStackAddressFamily: fc.constant(true) },
    }
    const who = fc.oneof(
      fc.record({ peerASN: fc.integer({ min: 1 }), peerAddress: fc.string({ minLength: 1 }) }),
      fc.record({ dynamicASN: fc.constantFrom('internal', 'external'), interface: fc.string({ minLength: 1 }) }),
    )
    const optional = fc.record({ ...common, ...more, ...later }, { requiredKeys: ['myASN'] })
    fc.assert(
      fc.property(who, optional, (location, spec) => {
        const object = v1beta2({ ...spec, ...location })
        assert.deepEqual(convert(convert(object, 'v1beta1'), 'v1beta2'), object)
      }),
    )
    const old = fc.record({ ...common, ...more }, { requiredKeys: ['myASN'] })
    fc.assert(
      fc.property(fc.nat(), fc.string(), old, (peerASN, peerAddress, spec) => {
        const object = v1beta1({ ...spec, peerASN, peerAddress })
        assert.deepEqual(convert(convert(object, 'v1beta2'), 'v1beta1'), object)
      }),
    )
  })

  it('takes what somebody has set by v1beta1 for what it replaces', () => {
    const before = {
      myASN: 64512,
      dynamicASN: 'external',
      interface: 'eth0',
      passwordSecret: { name: 'a' },
      vrf: 'red',
    }
    const lower = convert(v1beta2(before), 'v1beta1') as ReturnType<typeof v1beta1>
    const edited = { ...lower, spec: { ...lower.spec, ...plain, password: 'secret' } }
    assert.deepEqual(convert(edited, 'v1beta2').spec, { ...plain, password: 'secret', vrf: 'red' })
  })

  it('means the default port by 0, and takes null for absent', () => {
    assert.deepEqual(convert(v1beta1({ ...plain, peerPort: 0 }), 'v1beta2').spec, plain)
    assert.deepEqual(convert(v1beta2({ ...plain, holdTime: null, connectTime: null }), 'v1beta1'), v1beta1(plain))
  })

  for (const stash of ['', '[]', 'null', '{', '{"myASN":1,"peerASN":2,"constructor":3}']) {
    it(`takes nothing from an annotation that was edited to ${stash || 'nothing'}`, () => {
      assert.deepEqual(convert(v1beta1(plain, { [STASH_ANNOTATION]: stash }), 'v1beta2'), v1beta2(plain))
    })
  }

  it('leaves an object of the version asked for as it is', () => {
    const object = v1beta2({ ...plain, unknown: 1 })
    assert.deepEqual(convert(object, 'v1beta2'), object)
  })
})

describe('a ConversionReview', () => {
  const review = (request: object) => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', request })
  const ask = (request: object) => answerConversion(review({ uid: 'u', ...request }))

  it('is answered with all objects, in their order', () => {
    const objects = [v1beta2(plain), v1beta1(plain)]
    assert.deepEqual(ask({ desiredAPIVersion: 'metallb.io/v1beta1', objects }), {
      review: {
        ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' },
        response: { uid: 'u', convertedObjects: [v1beta1(plain), v1beta1(plain)], result: { status: 'Success' } },
      },
    })
  })

  for (const [what, request, message] of [
    ['to a version that there is not', { desiredAPIVersion: 'metallb.io/v3', objects: [] }, /to "metallb.io\/v3"/],
    ['of another kind', { desiredAPIVersion: 'metallb.io/v1beta2', objects: [{ kind: 'Pod' }] }, /what is no BGPPeer/],
    ['of null', { desiredAPIVersion: 'metallb.io/v1beta2', objects: [null] }, /what is no BGPPeer/],
  ] as const) {
    it(`fails, and says why, when asked for one ${what}`, () => {
      const answer = ask(request)
      assert.ok('review' in answer)
      const { response } = answer.review as { response: { result: { status: string; message: string } } }
      assert.equal(response.result.status, 'Failure')
      assert.match(response.result.message, message)
    })
  }

  for (const body of [
    null,
    1,
    [],
    {},
    review([]),
    review({ uid: 1 }),
    review({ uid: 'u' }),
    { ...review({}), kind: 'X' },
  ]) {
    it(`is none: ${JSON.stringify(body)}`, () => assert.ok('problem' in answerConversion(body)))
  }
})

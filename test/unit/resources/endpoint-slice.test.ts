import assert from 'node:assert/strict'
import {
  type EndpointSliceObject,
  NO_ENDPOINTS,
  readyEndpointsOn,
  sameEndpointSlice,
  serviceEndpoints,
  viewEndpointSlice,
} from '../../../src/resources/endpoint-slice.ts'

type Endpoint = NonNullable<EndpointSliceObject['endpoints']>[number]

function slice(...endpoints: Endpoint[]) {
  const labels = { 'kubernetes.io/service-name': 'web' }
  return viewEndpointSlice({ metadata: { namespace: 'shop', name: 'web-1', resourceVersion: '7', labels }, endpoints })
}

describe('EndpointSlice', () => {
  const rows: { what: string; conditions: Endpoint['conditions']; ready: boolean; terminating: boolean }[] = [
    { what: 'no conditions', conditions: undefined, ready: true, terminating: false },
    { what: 'ready', conditions: { ready: true, serving: true }, ready: true, terminating: false },
    { what: 'ready unknown', conditions: { ready: null }, ready: true, terminating: false },
    { what: 'not ready', conditions: { ready: false, serving: false }, ready: false, terminating: false },
    { what: 'not ready, serving unknown', conditions: { ready: false }, ready: false, terminating: false },
    {
      what: 'serving, neither ready nor terminating',
      conditions: { ready: false, serving: true },
      ready: false,
      terminating: false,
    },
    {
      what: 'terminating of a Service that publishes what is not ready',
      conditions: { ready: true, serving: false, terminating: true },
      ready: true,
      terminating: false,
    },
    {
      what: 'terminating and serving',
      conditions: { ready: false, serving: true, terminating: true },
      ready: false,
      terminating: true,
    },
    {
      what: 'terminating and not serving',
      conditions: { ready: false, serving: false, terminating: true },
      ready: false,
      terminating: false,
    },
  ]
  for (const { what, conditions, ready, terminating } of rows) {
    it(`is cut to its nodes: ${what}`, () => {
      const view = slice({ nodeName: 'node-a', conditions })
      assert.deepEqual(view.readyNodes, ready ? ['node-a'] : [])
      assert.deepEqual(view.terminatingNodes, terminating ? ['node-a'] : [])
      assert.equal(serviceEndpoints([view]).serving, ready || terminating)
    })
  }

  it('names each node once, in order, and as ready if anything on it is', () => {
    const view = slice(
      { nodeName: 'node-b' },
      { nodeName: 'node-a', conditions: { ready: false, serving: true, terminating: true } },
      { nodeName: 'node-a' },
      { nodeName: 'node-c', conditions: { ready: false, serving: true, terminating: true } },
      { nodeName: 'node-b' },
    )
    assert.deepEqual(view, {
      key: 'shop/web-1',
      resourceVersion: '7',
      serviceKey: 'shop/web',
      readyNodes: ['node-a', 'node-b'],
      readyCounts: [1, 2],
      terminatingNodes: ['node-c'],
    })
    assert.equal(slice({ nodeName: 'node-b' }, { nodeName: 'node-a' }).readyCounts, undefined)
  })

  it('counts what is ready on a node over all slices of a family', () => {
    const object = (addressType: string, ...nodes: string[]) =>
      viewEndpointSlice({ addressType, endpoints: nodes.map(nodeName => ({ nodeName })) })
    const slices = [
      object('IPv4', 'node-a', 'node-b', 'node-a'),
      object('IPv4', 'node-a'),
      object('IPv6', 'node-b', 'node-b', 'node-b'),
    ]
    const counts = (node: string) => ([4, 6] as const).map(family => readyEndpointsOn(slices, node, family))
    assert.deepEqual(['node-a', 'node-b', 'node-c'].map(counts), [
      [3, 0],
      [1, 3],
      [0, 0],
    ])
  })

  it('sums up over slices; endpoints on no node serve, too', () => {
    const views = [slice({ nodeName: 'node-b' }), slice({}), slice({ nodeName: 'node-a' }, { nodeName: 'node-b' })]
    assert.deepEqual(serviceEndpoints(views), { serving: true, nodes: ['node-a', 'node-b'] })
    const terminating = { ready: false, serving: true, terminating: true }
    assert.deepEqual(
      serviceEndpoints([
        slice({ nodeName: 'node-a', conditions: terminating }, { conditions: terminating }),
        slice({ nodeName: 'node-b', conditions: terminating }, { nodeName: 'node-c' }),
        slice({ nodeName: 'node-b' }),
      ]),
      { serving: true, nodes: ['node-a', 'node-b', 'node-c'], leavingNodes: ['node-a'] },
    )
    assert.deepEqual(serviceEndpoints([slice({})]), { serving: true, nodes: [] })
    assert.deepEqual(serviceEndpoints([slice()]), NO_ENDPOINTS)
  })

  it('stands what may be missing', () => {
    assert.deepEqual(viewEndpointSlice({ endpoints: null }).readyNodes, [])
    assert.equal(viewEndpointSlice({ metadata: { namespace: 'a', name: 'b' } }).serviceKey, undefined)
  })

  it('is the same when it serves in the same places', () => {
    assert.ok(
      sameEndpointSlice(slice({ nodeName: 'a' }, { nodeName: 'b' }), slice({ nodeName: 'b' }, { nodeName: 'a' })),
    )
    assert.ok(!sameEndpointSlice(slice({ nodeName: 'a' }), slice({ nodeName: 'b' })))
    assert.ok(
      !sameEndpointSlice(
        slice({ nodeName: 'a' }),
        slice({ nodeName: 'a', conditions: { ready: false, serving: true, terminating: true } }),
      ),
    )
  })
})

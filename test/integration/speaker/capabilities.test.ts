import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { template } from '../../support/chart.ts'
import { applyObjects, chartDefinitions } from '../../support/kubernetes/chart-objects.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'
import { eventually } from '../../support/processes.ts'
import { ApiRelay, SpeakerNode } from '../../support/speaker-node.ts'

const namespace = 'herald-system'
const BGP_PORT = 179
const NODE = '192.0.2.101'
/** It calls the node. */
const CALLER = '192.0.2.200'
/** The node calls it. */
const CALLED = '192.0.2.201'
const CALLED_PORT = 1790
const SERVICE = '192.0.2.10'
/** What a BGP message begins with (RFC 4271 §4.1). */
const MARKER = 'f'.repeat(32)

interface SecurityContext {
  capabilities: { drop: string[]; add: string[] }
}

interface DaemonSetSpec {
  template: { spec: { containers: { securityContext: SecurityContext }[] } }
}

async function chartCapabilities(): Promise<string[]> {
  const objects = await template({ speaker: { bgp: { listenPort: BGP_PORT } } })
  const { template: pod } = objects.find(({ kind }) => kind === 'DaemonSet')!.spec as DaemonSetSpec
  const { drop, add } = pod.spec.containers[0]!.securityContext.capabilities
  assert.deepEqual(drop, ['ALL'])
  return add
}

/** These capabilities alone, as setpriv takes them. */
function setOf(capabilities: readonly string[]): string {
  return ['-all', ...capabilities.map(name => `+${name.toLowerCase()}`)].join()
}

/** Runs a command as a container runtime does: of root's capabilities these alone, and no way to more. */
function withCapabilities(...capabilities: string[]): string[] {
  const set = setOf(capabilities)
  return ['setpriv', '--bounding-set', set, '--inh-caps', set, '--ambient-caps', '-all', '--no-new-privs']
}

const metallb = (version: string, kind: string, name: string, more: object) => ({
  ...{ apiVersion: `metallb.io/${version}`, kind },
  ...{ ...more, metadata: { name, namespace, ...(more as { metadata?: object }).metadata } },
})

const objects = [
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } },
  // The controller makes it; there is none here.
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'herald-liveness', namespace }, stringData: { key: 'known' } },
  metallb('v1beta1', 'IPAddressPool', 'pool', { spec: { addresses: [`${SERVICE}/32`] } }),
  metallb('v1beta1', 'L2Advertisement', 'all', {}),
  metallb('v1beta2', 'BGPPeer', 'caller', {
    metadata: { annotations: { 'herald.io/connection-mode': 'passive' } },
    spec: { myASN: 64512, peerASN: 64513, peerAddress: CALLER },
  }),
  metallb('v1beta2', 'BGPPeer', 'called', {
    spec: { myASN: 64512, peerASN: 64513, peerAddress: CALLED, peerPort: CALLED_PORT },
  }),
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', ports: [{ port: 80 }] },
    metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    endpoints: [{ addresses: ['10.244.0.5'], nodeName: 'node-a', conditions: { ready: true } }],
  },
]

describe("the speaker with the chart's capabilities", function () {
  this.timeout(120_000)
  let api: ApiServer
  let relay: ApiRelay
  let node: SpeakerNode
  let routers: NetworkNamespace
  let called: ChildProcess
  /** what the node has sent to the router that it calls, in hexadecimal */
  let sent = ''
  let capabilities: string[]

  const start = (wrapper: string[]) => {
    const flags = ['--bgp-listen-port', String(BGP_PORT)]
    node.start({ kubeconfig: api.kubeconfigFile, namespace, flags, wrapper })
  }
  const without = (missing: string) => withCapabilities(...capabilities.filter(name => name !== missing))
  const answersArp = () => {
    try {
      return routers.exec('arping', ['-c', '1', '-w', '1', '-I', 'eth0', SERVICE]).includes(node.mac('eth0'))
    } catch {
      return false
    }
  }
  /** The first bytes of what a router hears that calls the node, or the error's code. */
  const callNode = () => {
    const address = { host: NODE, port: BGP_PORT, localAddress: CALLER }
    const program = `const socket = require('node:net').connect(${JSON.stringify(address)})
      const end = text => { process.stdout.write(text); process.exit() }
      socket.on('error', error => end(error.code)).on('close', () => end('closed'))
      socket.on('data', data => end(data.toString('hex', 0, 16)))
      setTimeout(() => end('silence'), 5_000)`
    return routers.exec(process.execPath, ['-e', program])
  }

  before(async function () {
    if (!canMakeNamespaces()) {
      console.log('      skipped: network namespaces need root')
      this.skip()
    }
    capabilities = await chartCapabilities()
    api = await startApiServer()
    await applyObjects(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    await applyObjects(api, ...chartDefinitions())
    assert.equal((await api.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])).code, 0)
    await applyObjects(api, ...objects)
    const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: SERVICE, ipMode: 'VIP' }] } } })
    assert.equal((await api.kubectl(['patch', 'service', 'web', '--subresource=status', '-p', patch])).code, 0)

    relay = new ApiRelay(api)
    node = new SpeakerNode('node-a', relay)
    routers = new NetworkNamespace('routers')
    connectByVeth({ namespace: node.netns, interfaceName: 'eth0' }, { namespace: routers, interfaceName: 'eth0' })
    node.netns.ip(`address add ${NODE}/24 dev eth0`)
    for (const address of [CALLER, CALLED]) routers.ip(`address add ${address}/24 dev eth0`)
    const program = `require('node:net').createServer(socket => {
        socket.on('error', () => {}).on('data', data => console.log(data.toString('hex')))
      }).listen(${CALLED_PORT}, '${CALLED}')`
    called = routers.spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
    called.stdout?.setEncoding('utf8').on('data', (text: string) => {
      sent += text
    })
  })

  beforeEach(() => {
    sent = ''
    node.log = ''
    node.errors = ''
  })

  afterEach(() => node?.end())

  after(async () => {
    await node?.remove()
    called?.kill('SIGKILL')
    routers?.remove()
    relay?.stop()
    await api?.stop()
  })

  it('announces by layer 2, calls routers and is called, and says nothing of capabilities', async () => {
    start(withCapabilities(...capabilities))
    await eventually('it answers for the Service', answersArp)
    await eventually('it calls a router', () => sent.startsWith(MARKER))
    await eventually('it is called', () => callNode() === MARKER)
    assert.equal(node.errors, '')
    assert.ok(!node.log.includes('CAP_'), node.log)
  })

  const missing: Record<string, () => Promise<void>> = {
    async NET_RAW() {
      start(without('NET_RAW'))
      assert.equal(await node.ended(), 1)
      assert.match(
        node.errors,
        /^speaker: opening a packet socket needs the capability CAP_NET_RAW \(EPERM.*\): add NET_RAW to securityContext\.capabilities\.add of .*\n$/,
      )
    },
    async NET_BIND_SERVICE() {
      start(without('NET_BIND_SERVICE'))
      await eventually('it answers for the Service', answersArp)
      await eventually('it calls a router', () => sent.startsWith(MARKER))
      assert.equal(callNode(), 'ECONNREFUSED')
      const told = node.log.split('\n').filter(line => line.includes('CAP_'))
      assert.equal(told.length, 1, node.log)
      assert.match(
        JSON.parse(told[0]!).problem,
        /^listening on TCP port 179 needs the capability CAP_NET_BIND_SERVICE \(EACCES.*\): add NET_BIND_SERVICE to .* the value speaker\.bgp\.listenPort is below 1024/,
      )
      assert.equal(node.errors, '')
    },
  }
  const outcome: Record<string, string> = {
    NET_RAW: 'ends, and says in one line what is missing and what gives it',
    NET_BIND_SERVICE: 'goes on with all but calls, and says once what is missing and what gives it',
  }
  for (const [capability, test] of Object.entries(missing)) it(`without ${capability}: ${outcome[capability]}`, test)

  it('has no other', () => assert.deepEqual([...capabilities].sort(), Object.keys(missing).sort()))

  it('as another user than root: ends, and names the value to change', async () => {
    // The checkout and its cache may be root's alone to read. access(2) heeds no capability, hence the copy.
    const folder = mkdtempSync(join(tmpdir(), 'herald-capabilities-'))
    try {
      chmodSync(folder, 0o755)
      const addon = join(folder, 'herald.node')
      copyFileSync('native/build/herald.node', addon)
      const user = ['--reuid', '65532', '--regid', '65532', '--clear-groups', '--no-new-privs']
      const read = setOf(['DAC_READ_SEARCH'])
      const bounding = setOf([...capabilities, 'DAC_READ_SEARCH'])
      const rights = ['--bounding-set', bounding, '--inh-caps', read, '--ambient-caps', read]
      start(['env', `HERALD_NATIVE=${addon}`, 'setpriv', ...user, ...rights])
      assert.equal(await node.ended(), 1)
      assert.match(
        node.errors,
        /^speaker: opening a packet socket needs .* this process is user 65532, .* set the chart's value speaker\.securityContext\.runAsUser, .* to 0\n$/,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

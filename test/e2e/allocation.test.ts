import assert from 'node:assert/strict'
import { buildHelm } from '../../lab/build.ts'
import { helmEnvironment } from '../../lab/herald.ts'
import { helmCommand } from '../../lab/kubectl.ts'
import { run } from '../../lab/process.ts'
import { ensureLab, type TestLab, waitFor } from '../support/lab/lab.ts'
import { type LoadBalancerService, loadBalancer, pool } from '../support/lab/manifests.ts'

describe('allocation, on a real cluster', function () {
  this.timeout(60_000)
  let lab: TestLab

  const service = async (name: string) => {
    const found = await lab.get<LoadBalancerService>('service', name)
    assert.ok(found, `the Service ${name} exists`)
    return found
  }
  const addressOf = ({ status }: LoadBalancerService) => status.loadBalancer?.ingress?.[0]?.ip
  const conditionOf = ({ status }: LoadBalancerService) =>
    status.conditions?.find(({ type }) => type === 'herald.io/AddressAllocated')
  const addressed = (name: string, address: string) =>
    waitFor(async () => addressOf(await service(name)) === address, {
      what: `the Service ${name} to have ${address}`,
      timeoutMs: 5_000,
      everyMs: 30,
    })
  const pending = (name: string, reason: string) =>
    waitFor(
      async () => {
        const found = await service(name)
        return conditionOf(found)?.reason === reason && addressOf(found) === undefined && found
      },
      { what: `the Service ${name} to be pending with ${reason}`, timeoutMs: 5_000, everyMs: 30 },
    )
  const remove = (name: string) => lab.kubectl(['delete', 'service', name, '--wait=true'])
  const told = (name: string, message: RegExp) =>
    waitFor(
      async () => {
        const selector = `--field-selector=involvedObject.name=${name},reason=ClearAssignment`
        const { stdout } = await lab.kubectl(['get', 'events', selector, '--output=json'])
        return (JSON.parse(stdout) as { items: { message: string }[] }).items.some(event => message.test(event.message))
      },
      { what: `an event of ${name} that says ${message}`, timeoutMs: 3_000, everyMs: 50 },
    )

  before(async function () {
    this.timeout(3_600_000)
    lab = await ensureLab({ nodes: 3, name: process.env.HERALD_TEST_LAB })
  })

  afterEach(async () => {
    await lab.kubectl(['delete', 'services', '--selector=made=by-test', '--wait=true'])
    await lab.kubectl(['delete', 'ipaddresspools,addressreservations', '--all', '--namespace=herald-system'])
  })

  it('lets Services share an address by their key, and tells one whose port is taken', async () => {
    const sharing = { 'metallb.io/allow-shared-ip': 'dns' }
    const dns = (protocol: string) => ({ ports: [{ port: 53, protocol, targetPort: 8080 }] })
    await lab.apply(
      pool('sharing', ['192.0.2.150/32']),
      loadBalancer('dns-tcp', dns('TCP'), sharing),
      loadBalancer('dns-udp', dns('UDP'), sharing),
    )
    await addressed('dns-tcp', '192.0.2.150')
    await addressed('dns-udp', '192.0.2.150')
    await lab.apply(loadBalancer('clash', { ...dns('TCP'), loadBalancerIP: '192.0.2.150' }, sharing))
    assert.match(conditionOf(await pending('clash', 'AddressInUse'))?.message ?? '', /both have the same port/)
  })

  it('keeps a reserved address for its Service, which gets it again when it is deleted and made anew', async () => {
    const reservation = {
      apiVersion: 'herald.io/v1alpha1',
      kind: 'AddressReservation',
      metadata: { name: 'shop', namespace: 'herald-system' },
      spec: { addresses: ['192.0.2.152'], service: { namespace: 'default', name: 'shop' } },
    }
    await lab.apply(pool('reserving', ['192.0.2.152-192.0.2.154']), reservation)
    await waitFor(
      async () => (await lab.kubectl(['get', 'addressreservations', '-n', 'herald-system'])).stdout.includes('True'),
      { what: 'the reservation to be accepted', timeoutMs: 5_000, everyMs: 50 },
    )
    for (let round = 0; round < 2; round++) {
      await lab.apply(loadBalancer(`other-${round}`), loadBalancer('shop'))
      await addressed('shop', '192.0.2.152')
      await remove('shop')
    }
    const { stdout } = await lab.kubectl(['get', 'addressreservations', '-n', 'herald-system'])
    assert.match(stdout, /^NAME +ADDRESSES +NAMESPACE +SERVICE +HELD +ACCEPTED +AGE/)
  })

  it('moves a Service to another pool when its label, or that of its namespace, is changed, and says why in an event', async () => {
    const selects = { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'web' } }] } }
    const team = { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'a' } }], priority: 1 } }
    await lab.apply(
      pool('plain', ['192.0.2.155/32']),
      pool('web', ['192.0.2.156/32'], selects),
      pool('team', ['192.0.2.157/32'], team),
      loadBalancer('labelled'),
    )
    await addressed('labelled', '192.0.2.155')
    const label = (what: string[], value: string) => lab.kubectl(['label', ...what, value, '--overwrite'])
    try {
      // Who may keep its address keeps it: this one has to ask.
      await label(['service', 'labelled'], 'tier=web')
      await lab.kubectl(['annotate', 'service', 'labelled', 'metallb.io/address-pool=web'])
      await addressed('labelled', '192.0.2.156')
      await lab.kubectl(['annotate', 'service', 'labelled', 'metallb.io/address-pool-'])
      await label(['service', 'labelled'], 'tier-')
      await addressed('labelled', '192.0.2.155')
      await told('labelled', /192\.0\.2\.156 is of the IPAddressPool "web", which does not serve this Service any more/)

      await label(['namespace', 'default'], 'team=a')
      await lab.apply(loadBalancer('teamed'))
      await addressed('teamed', '192.0.2.157')
      await label(['namespace', 'default'], 'team-')
      await pending('teamed', 'PoolExhausted')
      await told('teamed', /"team", which does not serve this Service any more/)
    } finally {
      await label(['namespace', 'default'], 'team-')
    }
  })

  it('says in a pending Service why it waits and which pools were looked at, and gives what is freed to the oldest', async () => {
    await lab.apply(
      pool('full', ['192.0.2.158/32']),
      pool('manual', ['192.0.2.159/32'], { autoAssign: false }),
      pool('bank', ['192.0.2.160/32'], { serviceAllocation: { namespaces: ['bank'] } }),
      pool('six', ['2001:db8:a::150/128']),
      loadBalancer('holder', { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }),
    )
    await addressed('holder', '192.0.2.158')
    const single = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
    await lab.apply(loadBalancer('z-older', single))
    await pending('z-older', 'PoolExhausted')
    const { stdout } = await lab.kubectl(['get', 'service', 'z-older', '--output=yaml'])
    for (const words of [
      /type: herald\.io\/AddressAllocated/,
      /reason: PoolExhausted/,
      /"full" has no free address/,
      /"manual" serves only those that ask for it/,
      /"bank" its serviceAllocation excludes this Service/,
      /"six" has no addresses of the family/,
    ]) {
      assert.match(stdout.replaceAll(/\s+/g, ' '), words)
    }
    await new Promise(resolve => setTimeout(resolve, 1_100)) // creationTimestamp has whole seconds
    await lab.apply(loadBalancer('a-younger', single))
    await pending('a-younger', 'PoolExhausted')
    await remove('holder')
    await addressed('z-older', '192.0.2.158')
    assert.equal(addressOf(await service('a-younger')), undefined)
    await remove('z-older')
    await addressed('a-younger', '192.0.2.158')
  })

  it('takes its finalizers off all Services when a release with them is uninstalled', async function () {
    this.timeout(120_000)
    const helm = await buildHelm()
    const release = async (...args: string[]) =>
      run(helmCommand(lab.lab, helm, args), { env: helmEnvironment(lab.lab) })
    const scope = ['--namespace', 'herald-second']
    const { stdout } = await release('get', 'values', 'herald', '--namespace', 'herald-system', '--output=json')
    const { image } = JSON.parse(stdout) as { image: Record<string, string> }
    const values = [
      ...Object.entries(image).map(([name, value]) => `image.${name}=${value}`),
      ...['loadBalancerClass=second.example/lb', 'speaker.enabled=false', 'crds.enabled=false'],
      ...['controller.cleanupFinalizer=true', 'controller.webhookMode=disabled'],
    ]
    const finalizers = async (name: string) =>
      (await lab.kubectl(['get', 'service', name, '--output=jsonpath={.metadata.finalizers}'])).stdout
    try {
      await release(
        ...['install', 'second', 'charts/herald', ...scope, '--create-namespace', '--wait', '--timeout=60s'],
        ...values.flatMap(value => [/=(true|false)$/.test(value) ? '--set' : '--set-string', value]),
      )
      const second = { loadBalancerClass: 'second.example/lb' }
      const own = { ...(pool('second', ['192.0.2.162/31']) as { metadata: object }) }
      // The webhook of the first release would refuse objects of any other namespace than its own.
      await lab.withoutWebhook(() =>
        lab.apply(
          { ...own, metadata: { name: 'second', namespace: 'herald-second' } },
          loadBalancer('guarded', second),
          loadBalancer('deleted', second),
        ),
      )
      for (const name of ['guarded', 'deleted']) {
        await waitFor(async () => (await finalizers(name)).includes('load-balancer-cleanup'), {
          what: `${name} to have the finalizer`,
          timeoutMs: 5_000,
          everyMs: 50,
        })
      }
      await remove('deleted')
      await release('uninstall', 'second', ...scope, '--wait', '--timeout=60s')
      assert.equal(await finalizers('guarded'), '')
      assert.ok(addressOf(await service('guarded')), 'its address stays')
      const left = await lab.kubectl(['get', 'jobs,serviceaccounts', '--namespace=herald-second', '--output=name'])
      assert.ok(!left.stdout.includes('remove-finalizers'), left.stdout)
      const roles = await lab.kubectl(['get', 'clusterroles,clusterrolebindings', '--output=name'])
      assert.ok(!roles.stdout.includes('remove-finalizers'), roles.stdout)
    } finally {
      await release('uninstall', 'second', ...scope, '--ignore-not-found').catch(() => {})
      await lab.kubectl(['delete', 'namespace', 'herald-second', '--ignore-not-found', '--wait=false'])
    }
  })
})

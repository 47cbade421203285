import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { takeDown } from '../../lab/down.ts'
import { heraldImage } from '../../lab/herald-image.ts'
import { importImages } from '../../lab/images.ts'
import { lockLab } from '../../lab/lock.ts'
import { up } from '../../lab/up.ts'
import { onlyInFullRun } from '../support/lab/full-run.ts'
import { TestLab, waitFor } from '../support/lab/lab.ts'
import { loadBalancer, poolAndAdvertisement, webServer } from '../support/lab/manifests.ts'
import { installMetallb, metallbNamespace } from '../support/lab/metallb.ts'
import { PageLoop } from '../support/lab/page-loop.ts'
import { WatchedSegment } from '../support/lab/segment.ts'
import { installTools, type LabTools } from '../support/lab/tools.ts'
import { fencedBlocks, sections, shellCommands } from '../support/markdown.ts'

const NAME = `${process.env.HERALD_TEST_LAB ?? 'herald'}-migrate`
const SERVICES = ['web-a', 'web-b', 'web-c']
const here = `--namespace=${metallbNamespace}`
/** MetalLB's own; what Herald brings has other names. */
const METALLB_OBJECTS = [
  ...['deployment/controller', 'daemonset/speaker', 'service/metallb-webhook-service', 'configmap/metallb-excludel2'],
  ...['secret/metallb-webhook-cert', 'serviceaccount/controller', 'role/controller', 'rolebinding/controller'],
  ...['clusterrole/metallb-system:controller', 'clusterrolebinding/metallb-system:speaker'],
  'validatingwebhookconfiguration/metallb-webhook-configuration',
]

describe('moving from MetalLB to Herald', function () {
  this.timeout(480_000)
  // Each test goes on where the last one ended.
  this.retries(0)
  let lab: TestLab
  let tools: LabTools
  let image: { repository: string; tag: string }
  let folder: string
  let addresses: readonly string[]
  let segment: WatchedSegment
  let stopWatching: () => string[]

  /** The page's commands, as somebody types them who has the values at hand. */
  const page = sections(readFileSync('docs/moving-from-metallb.md', 'utf8'))
    .filter(({ heading }) => heading === 'Let the command lead')
    .flatMap(({ body }) => fencedBlocks(body, 'sh').flatMap(shellCommands))
  const [dryRun, move] = page.filter(command => command.startsWith('kubectl herald migrate')) as [string, string]

  /** Runs a command as a person would in a folder with the chart, but without a terminal. */
  const type = (command: string) => {
    const meant = command
      .replace('=registry.example/herald', `=${image.repository}`)
      .replace('image.tag=0.1.0', `image.tag=${image.tag}`)
    const options = { env: tools.env, cwd: folder, detached: true }
    const child = spawn('sh', ['-c', meant], { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text
    })
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }))
    return {
      said,
      ended,
      answer: (text: string) => child.stdin.write(text),
      kill: () => process.kill(-child.pid!, 'SIGKILL'),
    }
  }
  const versions = async () => {
    const { stdout } = await lab.kubectl([
      ...['get', 'deployments,daemonsets,services,configmaps,ipaddresspools,l2advertisements', '--all-namespaces'],
      '--output=jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.generation}{"\\n"}{end}',
    ])
    return stdout
  }

  before(async function () {
    onlyInFullRun(this, 'two minutes, and a lab of its own beside that of the others')
    this.timeout(3_600_000)
    const unlock = lockLab(NAME)
    const [{ lab: running }, built] = [
      await up({ name: NAME, nodes: 2, fresh: true, herald: false, demo: false }),
      await heraldImage(),
    ]
    unlock()
    lab = new TestLab(running)
    await Promise.all(running.topology.nodes.map(node => importImages(running, node, [built.file])))
    const [repository = '', tag = ''] = built.reference.split(':')
    image = { repository, tag }
    folder = await mkdtemp(join(tmpdir(), 'herald-move-'))
    await symlink(resolve('charts'), join(folder, 'charts'))
    // As `helm get values metallb` prints it, where MetalLB was installed by Helm.
    await writeFile(join(folder, 'values.yaml'), 'speaker:\n  logLevel: debug\n')
    tools = await installTools(lab)
    await installMetallb(lab)
    const inMetallb = poolAndAdvertisement('moving', ['192.0.2.100-192.0.2.119']).map(object => ({
      ...object,
      metadata: { name: 'moving', namespace: metallbNamespace },
    }))
    // Its webhook serves some seconds after its pod is ready.
    await waitFor(
      async () =>
        await lab.apply(...inMetallb).then(
          () => true,
          () => false,
        ),
      {
        what: "MetalLB's webhook to serve",
        timeoutMs: 60_000,
        everyMs: 1_000,
      },
    )
    await lab.apply(...webServer(), ...SERVICES.map(name => loadBalancer(name)))
    await lab.kubectl(['rollout', 'status', 'deployment/web', '--timeout=180s'])
    addresses = await Promise.all(SERVICES.map(name => lab.addressOf(name, { timeoutMs: 60_000 })))
    segment = await WatchedSegment.watch(lab, addresses, { askEveryMs: 20 })
    await segment.settled({ forMs: 2_000, timeoutMs: 60_000 })
    stopWatching = watchAddresses(lab)
  })
  after(async function () {
    this.timeout(180_000)
    await segment?.stop()
    await tools?.remove()
    if (folder) await rm(folder, { recursive: true })
    if (lab) await takeDown(NAME)
  })

  it('reports what cannot be carried over, and changes nothing', async () => {
    await lab.kubectl(['create', 'configmap', 'bgpextras', here, '--from-literal=extras=no bgp default ipv4-unicast'])
    try {
      const before = await versions()
      const { code, out, err } = await type(`${move} --yes`).ended
      assert.deepEqual([code, err], [1, ''])
      assert.match(out, /✓ 3 Services with an address keep it/)
      assert.match(out, /✗ ConfigMap bgpextras: holds configuration for FRR/)
      assert.match(out, /Nothing has been done: see to what cannot be carried over first\.\n$/)
      assert.equal(await versions(), before)
    } finally {
      await lab.kubectl(['delete', 'configmap', 'bgpextras', here])
    }
  })

  it('shows its steps, and takes none unasked', async () => {
    const before = await versions()
    const plan = await type(dryRun).ended
    assert.deepEqual([plan.code, plan.err], [0, ''])
    assert.match(plan.out, /7\/7 Remove what is left of MetalLB/)
    assert.match(plan.out, /\$ kubectl delete deployment\/controller daemonset\/speaker /)
    const unasked = await type(move).ended
    assert.equal(unasked.code, 2)
    assert.match(unasked.err, /standard input is no terminal/)
    // script(1) has it run on a terminal.
    const asked = type(`script --quiet --return --command '${move}' /dev/null`)
    await waitFor(async () => asked.said.out.includes('Go on? [y/N] '), { what: 'the question', timeoutMs: 60_000 })
    asked.answer('n\n')
    const { code, out } = await asked.ended
    assert.equal(code, 1, out)
    assert.match(out, /Stopped\. The same command goes on from here\.\r?\n$/)
    assert.equal(await versions(), before)
  })

  it('ends where an image cannot be had, while MetalLB goes on announcing', async () => {
    const { code, out } = await type(`${move} --yes --timeout 8 --set image.tag=nowhere`).ended
    assert.equal(code, 1, out)
    assert.match(out, /✗ no pod of the Deployment herald-controller is ready/)
    assert.match(
      out,
      /To go back:\n +\$ helm uninstall herald --namespace=metallb-system\n +\$ kubectl scale deployment\/controller --replicas=1/,
    )
    await segment.settled({ forMs: 1_000, timeoutMs: 60_000 })
  })

  it('goes on after an interruption, and is done with no address changed', async () => {
    const interrupted = type(`${move} --yes`)
    await waitFor(async () => interrupted.said.out.includes('4/7 '), { what: 'the fourth step', timeoutMs: 240_000 })
    interrupted.kill()
    await interrupted.ended

    const startedMs = Date.now()
    const loop = await PageLoop.start({ namespace: lab.client.namespace, addresses, everyMs: 20, timeoutMs: 1_000 })
    const { code, out, err } = await type(`${move} --yes`).ended
    const { requests } = await loop.stop()
    console.log(out.replaceAll(/^/gm, '      | '))
    assert.equal(code, 0, out + err)
    assert.match(out, /✓ 1\/7 Note every address\n {2}✓ 2\/7 Stop MetalLB's controller\n/)
    assert.match(out, /Herald has taken over; all 3 Services with an address have kept it\.\n$/)

    const away = loop.bad.map(({ atMs, tookMs }) => atMs + tookMs)
    const awayMs = away.length > 0 ? Math.max(...away) - Math.min(...loop.bad.map(({ atMs }) => atMs)) : 0
    const silentMs = Math.max(...addresses.map(address => longestSilence(address, startedMs)))
    console.log(
      `      ${requests} pages asked for, ${loop.bad.length} lost or slow, away for ${awayMs} ms; nobody answered ARP for ${silentMs} ms`,
    )
    assert.deepEqual(segment.violations({ sinceMs: startedMs }), [], 'two answered for one address')
    assert.deepEqual(
      stopWatching().filter(line => !SERVICES.some((name, index) => line === `${name} ${addresses[index]}`)),
      [],
    )
  })

  it('leaves nothing of MetalLB but what carries over', async () => {
    const { stdout: left } = await lab.kubectl(['get', ...METALLB_OBJECTS, here, '--ignore-not-found', '--output=name'])
    assert.equal(left, '')
    const { stdout: kept } = await lab.kubectl([
      'get',
      'ipaddresspool/moving',
      'l2advertisement/moving',
      here,
      '--output=name',
    ])
    assert.equal(kept.trim().split('\n').length, 2)
    const { stdout: ours } = await lab.kubectl(['get', 'configmap,daemonset', here, '--output=name'])
    assert.doesNotMatch(ours, /migration/)
    const again = await type(`${move} --yes`).ended
    assert.equal(again.code, 3)
    assert.match(again.err, /no MetalLB runs in the namespace/)
  })

  it('has Herald answer for every address, and serve new Services', async () => {
    const status = async () => (await type('kubectl herald status').ended).code === 0
    await waitFor(status, { what: 'a status without error', timeoutMs: 120_000, everyMs: 2_000 })
    const { stdout: flags } = await lab.kubectl([
      'get',
      'daemonset',
      'herald-speaker',
      here,
      '--output=jsonpath={..args}',
    ])
    assert.match(flags, /--log-level=debug/)
    // One of the wrong image, one that waited, and the one that runs: what came after the hand-over restarted nobody.
    const { stdout: revisions } = await lab.kubectl(['get', 'controllerrevisions', here, '--output=name'])
    assert.equal(revisions.match(/herald-speaker/g)?.length, 3, revisions)
    for (const address of addresses) {
      assert.equal((await lab.client.arping(address)).length, 1, address)
      assert.ok((await lab.client.fetch(`http://${address}/`)).ok, address)
    }
    await lab.apply(loadBalancer('web-new'))
    const address = await lab.addressOf('web-new')
    assert.ok(!addresses.includes(address))
  })

  /** How long at most nobody was heard to answer for an address that is asked for all the time. */
  function longestSilence(address: string, sinceMs: number): number {
    const times = segment.sniffer.claims(address).flatMap(({ timeMs }) => (timeMs >= sinceMs ? [timeMs] : []))
    return Math.round(Math.max(...times.slice(1).map((timeMs, index) => timeMs - times[index]!)))
  }
})

/** Writes down every address that every Service has at any time. */
function watchAddresses(lab: TestLab): () => string[] {
  const columns = 'jsonpath={.metadata.name} {.status.loadBalancer.ingress[*].ip}{"\\n"}'
  const args = [
    'kubectl',
    'get',
    'services',
    '--namespace=default',
    '--selector=made=by-test',
    '--watch',
    `--output=${columns}`,
  ]
  const child = spawn(lab.lab.kubernetes, [...args, `--kubeconfig=${lab.kubeconfigFile}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let seen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text
  })
  return () => {
    child.kill()
    const lines = seen.trim().split('\n')
    assert.ok(lines.length >= SERVICES.length, seen)
    return lines
  }
}

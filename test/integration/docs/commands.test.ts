import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildHelm, buildKubernetes } from '../../../lab/build.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { applyObjects, chartDefinitions } from '../../support/kubernetes/chart-objects.ts'
import { fencedBlocks, sections, shellCommands } from '../../support/markdown.ts'

/** Commands that need what an API server alone has not, and where they are tried instead. */
const ELSEWHERE: readonly { command: RegExp; why: string }[] = [
  { command: /^docker /, why: 'the lab builds the same Dockerfile' },
  { command: /^(arping|curl) /, why: 'there is no network; docs/first-service.md is followed in the lab' },
  { command: /^kubectl delete namespace /, why: 'no controller empties it' },
]

/** What a reader puts in the place of these words. */
const PLACES: Readonly<Record<string, string>> = { NODE: 'node1', NAME: 'web' }

const shellOf = (text: string) => fencedBlocks(text, 'sh').flatMap(shellCommands)
const shellOfPage = (page: string) => shellOf(readFileSync(page, 'utf8'))
/** Those of the chapters whose headings are meant. */
const shellOfChapters = (page: string, isMeant: (heading: string) => boolean) =>
  sections(readFileSync(page, 'utf8'))
    .filter(({ heading, level }) => level === 2 && isMeant(heading))
    .flatMap(({ body }) => shellOf(body))

/** The commands of a page as they can be run without nodes: what waits for pods asks whether there is something to wait for. */
function runnable(commands: readonly string[]): string[] {
  return commands
    .filter(command => !ELSEWHERE.some(elsewhere => elsewhere.command.test(command)))
    .map(command => command.replace(/^kubectl rollout status (\S+) (.*?)( --timeout=\S+)?$/, 'kubectl get $1 $2'))
    .map(command => command.replaceAll(/(?<![-=\w./])(NODE|NAME)(?![:\w])|(?<==)(NODE|NAME)\b/g, word => PLACES[word]!))
}

describe('the commands of the documentation, on a real API server', function () {
  // Each page goes on where the one before ended, as a reader does.
  this.retries(0)
  this.timeout(120_000)
  let server: ApiServer
  let folder: string

  /** Runs a command line as a reader would, with kubectl, its plugin and helm on the path. */
  const type = (command: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      input: '',
      timeout: 60_000,
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, KUBECONFIG: server.kubeconfigFile },
    })
    // 1: it has found something to complain of, as it should in a cluster without nodes.
    const isFine = status === 0 || (status === 1 && command.startsWith('kubectl herald '))
    assert.ok(isFine, `${command}\n${stdout}\n${stderr}`)
    return stdout
  }
  const typeAll = (commands: readonly string[]) => {
    assert.ok(commands.length > 0)
    for (const command of runnable(commands)) type(command)
  }
  const start = async () => {
    server = await startApiServer()
    folder = await mkdtemp(join(tmpdir(), 'herald-docs-'))
    const { kubernetes } = await buildKubernetes()
    const programs = {
      kubectl: `'${kubernetes}' kubectl`,
      helm: `'${await buildHelm()}'`,
      // kubectl looks for its plugins on the path.
      'kubectl-herald': `'${process.execPath}' '${resolve('src/bin/cli.ts')}'`,
    }
    for (const [name, command] of Object.entries(programs)) {
      await writeFile(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`)
      await chmod(join(folder, name), 0o755)
    }
  }
  const stop = async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true })
  }

  describe('from the installation to the end', () => {
    before(start)
    after(stop)

    it('install Herald', () => {
      typeAll(shellOfChapters('docs/install.md', heading => !/Upgrade|Uninstall/.test(heading)))
    })

    it('show what the pages on configuration and troubleshooting tell of', async () => {
      const inHerald = (kind: string, apiVersion: string, name: string) => ({
        ...{ apiVersion, kind },
        metadata: { name, namespace: 'herald-system' },
      })
      await applyObjects(
        server,
        { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' } },
        {
          ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } },
          spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
        },
        inHerald('SpeakerStatus', 'herald.io/v1alpha1', 'node1'),
        inHerald('ConfigurationState', 'metallb.io/v1beta1', 'controller'),
        inHerald('Lease', 'coordination.k8s.io/v1', 'herald-controller'),
      )
      typeAll(shellOfPage('docs/configuration.md'))
      typeAll(shellOfPage('docs/troubleshooting.md'))
    })

    it('print the conditions of a Service as the page shows them', () => {
      const conditions = [
        { type: 'herald.io/AddressAllocated', status: 'True', reason: 'Allocated', message: 'm 1' },
        { type: 'herald.io/Announced', status: 'False', reason: 'NoEndpoints', message: 'm 2' },
      ].map(condition => ({ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }))
      type(
        `kubectl patch service web --subresource=status --type=merge -p '${JSON.stringify({ status: { conditions } })}'`,
      )
      const commands = runnable(shellOfPage('docs/troubleshooting.md'))
      const [show] = commands
      const all = commands.find(command => command.startsWith('kubectl get services -A'))
      assert.equal(
        type(show ?? ''),
        'herald.io/AddressAllocated\tTrue\tAllocated\tm 1\nherald.io/Announced\tFalse\tNoEndpoints\tm 2\n',
      )
      assert.match(type(all ?? ''), /^default\/web\tNoEndpoints$/m)
      const wait = shellOfPage('docs/first-service.md').find(command => command.startsWith('kubectl wait service/web'))
      type(
        `kubectl patch service web --subresource=status --type=json -p '[{"op":"replace","path":"/status/conditions/1/status","value":"True"}]'`,
      )
      type(wait ?? '')
    })

    it('upgrade it, and leave nothing of it that the page does not name', () => {
      typeAll(shellOfChapters('docs/install.md', heading => /Upgrade|Uninstall/.test(heading)))
      assert.equal(type('kubectl get crd -o name'), '')
      assert.equal(type('kubectl get clusterroles -o name | grep herald || true'), '')
    })
  })

  describe('from MetalLB to Herald', () => {
    const pool = {
      ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool' },
      metadata: { name: 'kept', namespace: 'metallb-system' },
      spec: { addresses: ['192.0.2.100-192.0.2.149'] },
    }
    /** What MetalLB leaves in the API: definitions of its own, converted by its webhook, a release of Helm, its workloads. */
    const left = () => {
      const named = (apiVersion: string, kind: string, name: string, more: object) => ({
        ...{ apiVersion, kind, metadata: { name, namespace: 'metallb-system', labels: { app: 'metallb' } } },
        ...more,
      })
      const running = (component: string) => ({
        spec: {
          selector: { matchLabels: { app: 'metallb', component } },
          template: {
            metadata: { labels: { app: 'metallb', component } },
            spec: { containers: [{ name: component, image: `registry.example/metallb/${component}` }] },
          },
        },
      })
      const release = named('v1', 'Secret', 'sh.helm.release.v1.metallb.v1', { type: 'helm.sh/release.v1' })
      const ownedByHelm = { owner: 'helm', name: 'metallb', status: 'deployed', version: '1' }
      return [
        named('apps/v1', 'Deployment', 'metallb-controller', running('controller')),
        named('apps/v1', 'DaemonSet', 'metallb-speaker', running('speaker')),
        { ...release, metadata: { ...release.metadata, labels: ownedByHelm } },
        {
          ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
          metadata: { name: 'metallb-webhook-configuration' },
        },
      ]
    }

    before(async () => {
      await start()
      const definitions = (chartDefinitions() as { metadata: { name: string; annotations?: object } }[]).filter(
        ({ metadata }) => metadata.name.endsWith('.metallb.io'),
      )
      for (const { metadata } of definitions) {
        metadata.annotations = {
          'meta.helm.sh/release-name': 'metallb',
          'meta.helm.sh/release-namespace': 'metallb-system',
        }
      }
      await applyObjects(server, ...definitions)
      type('kubectl wait --for=condition=Established --timeout=30s crd --all')
      type('kubectl create namespace metallb-system')
      await applyObjects(server, pool, ...left())
    })
    after(stop)

    it('keep every object, and let Herald’s release have the definitions', async () => {
      const commands = shellOfChapters('docs/moving-from-metallb.md', heading => /^[1-5]\./.test(heading))
      typeAll(commands.map(command => command.replace(/> (\S+)$/, `> '${folder}'/$1`)))
      const { spec } = await server.kubectlJson<typeof pool>([
        'get',
        'ipaddresspool/kept',
        '--namespace=metallb-system',
      ])
      assert.deepEqual(spec.addresses, pool.spec.addresses)
      const owner = `-o jsonpath='{.metadata.annotations.meta\\.helm\\.sh/release-name}'`
      assert.equal(type(`kubectl get crd ipaddresspools.metallb.io ${owner}`), 'herald')
      assert.equal(type('helm list -q -n metallb-system'), 'herald\n')
      assert.match(readFileSync(join(folder, 'metallb-objects.yaml'), 'utf8'), /name: kept/)
    })

    it('lead back, and into another namespace, with the objects kept', async () => {
      typeAll(shellOfChapters('docs/moving-from-metallb.md', heading => heading === 'Back again'))
      assert.match(type('kubectl get ipaddresspools -n metallb-system -o name'), /kept/)
      typeAll(shellOfChapters('docs/moving-from-metallb.md', heading => heading.startsWith('Into')))
      assert.equal(
        type("kubectl get deployment herald-controller -n herald-system -o jsonpath='{.spec.replicas}'"),
        '1',
      )
      assert.match(type('kubectl get ipaddresspools -n metallb-system -o name'), /kept/)
    })
  })
})

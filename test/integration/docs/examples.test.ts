import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildHelm } from '../../../lab/build.ts'
import { run } from '../../../lab/process.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { documentedExamples, PAGES } from '../../support/documentation.ts'
import { applyObjects, chartDefinitions } from '../../support/kubernetes/chart-objects.ts'
import { fencedBlocks } from '../../support/markdown.ts'
import { canMakeNamespaces } from '../../support/netns.ts'

const examples = documentedExamples()

describe('the examples of the documentation, on a real API server', () => {
  let server: ApiServer

  // Strict is kubectl's own default. Nothing is stored, so that no example depends on one before it.
  const tryOut = (text: string) =>
    server.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename=-'], text)

  before(async () => {
    server = await startApiServer()
    await applyObjects(server, ...chartDefinitions())
    const established = await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'])
    assert.equal(established.code, 0, established.stderr)
    const namespaces = examples.flatMap(({ objects }) => objects.map(({ metadata }) => metadata.namespace))
    for (const name of new Set(namespaces)) {
      if (name && name !== 'default')
        await applyObjects(server, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    }
  })
  after(() => server?.stop())

  for (const { where, text, isValues, refusal } of examples) {
    if (isValues) continue
    if (refusal?.by === 'API server') {
      it(`refuses what is wrong on purpose at ${where}`, async () => {
        const { code, stderr } = await tryOut(text)
        assert.notEqual(code, 0)
        assert.ok(stderr.includes(refusal.message), stderr)
      })
      continue
    }
    it(`are taken: ${where}`, async () => {
      const { code, stderr } = await tryOut(text)
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stderr, /Warning/)
    })
  }
})

describe('the values in the documentation', () => {
  for (const { where, text, isValues } of examples) {
    if (!isValues) continue
    it(`are taken by the chart: ${where}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'herald-docs-'))
      const file = join(folder, 'values.yaml')
      await writeFile(file, text)
      const helm = await buildHelm()
      const { code, stderr } = await run([helm, 'template', 'herald', 'charts/herald', '--values', file], {
        check: false,
      })
      await rm(folder, { recursive: true })
      assert.equal(code, 0, stderr)
    })
  }
})

describe('the router configuration in the documentation', () => {
  it('is understood by FRR', async () => {
    const pages = await Promise.all(PAGES.map(page => readFile(page, 'utf8')))
    const blocks = pages.flatMap(page => fencedBlocks(page, 'frr'))
    assert.ok(blocks.length > 0)
    const folder = await mkdtemp(join(tmpdir(), 'herald-docs-'))
    await chmod(folder, 0o755) // bgpd reads it as the user frr
    for (const { text } of blocks) {
      const file = join(folder, 'bgpd.conf')
      await writeFile(file, text)
      // A line that it does not know does not change its exit code.
      const { status, stdout, stderr } = spawnSync('/usr/lib/frr/bgpd', ['--dryrun', '--config_file', file], {
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
      assert.equal(stdout + stderr, '')
    }
    await rm(folder, { recursive: true })
  })
})

describe("the firewall's rules in the documentation", () => {
  it('are understood by nftables', async function () {
    if (!canMakeNamespaces()) {
      console.log('      skipped: nft needs root, even to check')
      this.skip()
    }
    const pages = await Promise.all(PAGES.map(page => readFile(page, 'utf8')))
    const blocks = pages.flatMap(page => fencedBlocks(page, 'nft'))
    assert.ok(blocks.length > 0)
    for (const { text } of blocks) {
      const { status, stderr } = spawnSync('unshare', ['--net', 'nft', '--check', '--file', '/dev/stdin'], {
        input: text,
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
    }
  })
})

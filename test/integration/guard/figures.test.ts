import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { services } from '../../../src/kubernetes/resources.ts'
import { median } from '../../soak/judge.ts'
import { ControllerScene, loadBalancer, pool } from '../../support/controller-scene.ts'
import { note } from '../../support/figures.ts'
import { connect } from '../../support/kubernetes/admin-client.ts'

const SERVICES = 30
const NAMESPACE = 'default'

describe('figures for the guard', () => {
  it('notes how long a Service waits for its address, in writes to the API server', async function () {
    this.timeout(120_000)
    const scene = await ControllerScene.begin()
    try {
      await scene.startController()
      await scene.apply(pool('guard', ['192.0.2.0/25']))
      const client = await connect(scene.api.kubeconfigFile)
      const ratios: number[] = []
      for (let index = 0; index < SERVICES; index++) {
        const ref = { namespace: NAMESPACE, name: `guard-${index}` }
        const startedMs = performance.now()
        await client.create(services, loadBalancer(ref.name))
        const createdMs = performance.now()
        for (;;) {
          type Found = { status?: { loadBalancer?: { ingress?: unknown[] } } }
          const { status } = await client.get<Found & { metadata: object }>(services, ref)
          if (status?.loadBalancer?.ingress?.length) break
          assert.ok(performance.now() - createdMs < 30_000, `${ref.name} has an address`)
        }
        ratios.push((performance.now() - createdMs) / (createdMs - startedMs))
      }
      client.close()
      // A write and its answer are what nobody can do without: the ratio says less of the machine than the time.
      note('allocationRatio', median(ratios))
    } finally {
      await scene.end()
    }
  })

  it('notes how large the bundles are', function () {
    this.timeout(60_000)
    const folder = mkdtempSync(join(tmpdir(), 'herald-bundles-'))
    try {
      execFileSync(process.execPath, ['src/bin/build.ts', '--out', folder], { stdio: 'ignore' })
      const kb = (...files: string[]) => files.reduce((sum, file) => sum + statSync(join(folder, file)).size / 1_000, 0)
      const sizes = { controller: kb('controller.js'), speaker: kb('speaker.js', 'link-thread.js') }
      assert.ok(sizes.controller > 50 && sizes.speaker > 50)
      note('controllerBundleKb', sizes.controller)
      note('speakerBundleKb', sizes.speaker)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

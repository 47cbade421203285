import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { INSTALL_MANIFEST, installManifest } from '../../../lab/install-manifest.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'

describe('docs/install/herald.yaml', () => {
  let text: string
  let server: ApiServer
  before(async () => {
    text = await readFile(INSTALL_MANIFEST, 'utf8')
    server = await startApiServer()
  })
  after(() => server?.stop())

  it('is what the chart makes now', async () => {
    assert.ok(text === (await installManifest()), 'it is stale: run "npm run generate"')
  })

  it('says nothing of Helm', () => {
    for (const document of parseAllDocuments(text)) {
      const { metadata } = document.toJS() as { metadata: { labels?: object; annotations?: object } }
      const words = JSON.stringify([metadata.labels, metadata.annotations])
      assert.ok(!/helm/i.test(words), words)
    }
  })

  for (const mode of ['--server-side', '--server-side=false']) {
    it(`is applied in one go, and again, with ${mode}`, async () => {
      for (const verb of [/created|serverside-applied/, /unchanged|serverside-applied/]) {
        const { code, stdout, stderr } = await server.kubectl(['apply', mode, '--validate=strict', '-f', '-'], text)
        assert.equal(code, 0, stderr)
        assert.match(stdout, verb)
      }
      const labels = ['get', 'namespace', 'herald-system', '--output=jsonpath={.metadata.labels}']
      assert.match((await server.kubectl(labels)).stdout, /"pod-security.kubernetes.io\/enforce":"privileged"/)
      const { code, stderr } = await server.kubectl(['delete', '--wait=false', '-f', '-'], text)
      assert.equal(code, 0, stderr)
      await server.kubectl(['wait', 'crd', '--all', '--for=delete', '--timeout=30s'])
      // Nobody empties a namespace here, as no controller runs.
      const finalize = ['replace', '--raw', '/api/v1/namespaces/herald-system/finalize', '-f', '-']
      await server.kubectl(
        finalize,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'herald-system' },
          spec: { finalizers: [] },
        }),
      )
    })
  }
})

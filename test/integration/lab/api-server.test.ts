import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'

describe('API server for tests', function () {
  this.timeout(60_000)
  let server: ApiServer
  before(async () => {
    server = await startApiServer()
  })
  after(() => server?.stop())

  it('checks what a user may do', async () => {
    const asNobody = [
      '--token',
      server.plainToken,
      '--kubeconfig=/dev/null',
      `--server=${server.url}`,
      `--certificate-authority=${server.caFile}`,
    ]
    const refused = await server.kubectl([...asNobody, 'get', 'namespaces'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /User "nobody" cannot list resource "namespaces"/)
    const { items } = await server.kubectlJson<{ items: unknown[] }>(['get', 'namespaces'])
    assert.ok(items.length >= 3)
  })

  it('keeps its data and its address when it is restarted', async () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' }, data: { key: 'value' } }
    const created = await server.kubectl(['apply', '--filename=-'], JSON.stringify(configMap))
    assert.equal(created.code, 0, created.stderr)
    await server.restart()
    const kept = await server.kubectlJson<{ data: unknown }>(['get', 'configmap', 'kept'])
    assert.deepEqual(kept.data, { key: 'value' })
  })

  it('answers nothing while it is paused, and goes on afterwards', async () => {
    server.pause()
    const hung = await server.kubectl(['get', 'namespaces', '--request-timeout=500ms'])
    assert.equal(hung.code, 1)
    server.resume()
    assert.equal((await server.kubectl(['get', 'namespaces'])).code, 0)
  })

  it('leaves nothing when it is stopped', async () => {
    await server.stop()
    assert.equal(existsSync(dirname(server.kubeconfigFile)), false)
    assert.equal((await server.kubectl(['get', 'namespaces'])).code, 1)
  })
})

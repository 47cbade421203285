import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:tls'
import { freePorts } from '../../support/api-server.ts'
import { ControllerScene, HERALD_NAMESPACE, loadBalancer, pool } from '../../support/controller-scene.ts'
import { eventually, type Running, runEntry } from '../../support/processes.ts'

/** Whether a server there shows a certificate, as one does that has made its own. */
async function showsCertificate(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate() !== undefined
  } finally {
    socket.destroy()
  }
}

describe('controller that may write no file at all, as on a read-only root file system', function () {
  this.timeout(120_000)
  let scene: ControllerScene
  let controller: Running
  let metricsPort: number
  let webhookPort: number

  before(async () => {
    scene = await ControllerScene.begin()
    ;[metricsPort = 0, webhookPort = 0] = await freePorts(2)
    const who = [
      '--namespace',
      HERALD_NAMESPACE,
      '--pod-name',
      'controller-0',
      '--kubeconfig',
      scene.api.kubeconfigFile,
    ]
    const ports = ['--port', String(metricsPort), '--health-probe-port', '0', '--health-probe-host', '127.0.0.1']
    const webhook = ['--webhook-port', String(webhookPort), '--webhook-url', `https://127.0.0.1:${webhookPort}`]
    // Node itself refuses what is not allowed: to write files, and to start processes and threads.
    const env = { NODE_OPTIONS: '--permission --allow-fs-read=* --allow-addons' }
    controller = runEntry('controller', [...who, ...ports, ...webhook], env)
  })

  after(async () => {
    await controller?.end()
    await scene?.end()
  })

  it('gives addresses, serves metrics and the webhook under certificates of its own, and misses nothing', async () => {
    await scene.apply(pool('web', ['192.0.2.0/28']), loadBalancer('web'))
    await scene.addressed('web', '192.0.2.0')
    await eventually('the metrics are served', () => showsCertificate(metricsPort))
    await eventually('the webhook is served', () => showsCertificate(webhookPort))
    const refused = JSON.stringify(controller.logs().filter(log => JSON.stringify(log).includes('ERR_ACCESS_DENIED')))
    assert.equal(refused, '[]')
    assert.equal(await controller.end(), 0)
    // Node's own warning of --allow-addons is all that may stand there.
    assert.ok(!controller.errors().includes('ERR_ACCESS_DENIED'), controller.errors())
  })
})

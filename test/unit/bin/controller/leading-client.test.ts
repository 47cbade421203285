import assert from 'node:assert/strict'
import sinon from 'sinon'
import { leadingClient } from '../../../../src/bin/controller/leading-client.ts'
import { services } from '../../../../src/kubernetes/resources.ts'

describe('leadingClient', () => {
  function scene() {
    const client = { create: sinon.stub().resolves(), patch: sinon.stub().resolves(), delete: sinon.stub().resolves() }
    let leads = true
    const onRefused = sinon.spy()
    const leading = leadingClient(client, { isLeader: () => leads, onRefused })
    return { client, leading, onRefused, lose: () => (leads = false) }
  }
  const service = { namespace: 'shop', name: 'web' }

  it('writes while this replica leads', async () => {
    const { client, leading, onRefused } = scene()
    await leading.patch(services, service, {}, { kind: 'merge' })
    await leading.delete(services, service)
    sinon.assert.calledOnce(client.patch)
    sinon.assert.calledOnce(client.delete)
    sinon.assert.notCalled(onRefused)
  })

  for (const write of ['patch', 'delete'] as const) {
    it(`tells of the first ${write} that it refuses afterwards`, async () => {
      const { client, leading, onRefused, lose } = scene()
      lose()
      const refused =
        write === 'patch' ? leading.patch(services, service, {}, { kind: 'merge' }) : leading.delete(services, service)
      await assert.rejects(refused, { name: 'NotLeading' })
      sinon.assert.notCalled(client[write])
      sinon.assert.calledOnce(onRefused)
    })
  }
})

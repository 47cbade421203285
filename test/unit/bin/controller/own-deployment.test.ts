import assert from 'node:assert/strict'
import { ownDeployment, withOwner } from '../../../../src/bin/controller/own-deployment.ts'
import { ApiError } from '../../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../../src/kubernetes/client.ts'

const clientOf = (get: () => Promise<object>) => ({ get }) as unknown as Pick<ApiClient, 'get'>
const ref = { namespace: 'herald', name: 'herald-controller' }

describe('what an object of the controller goes with', () => {
  it('is its Deployment, as it is now', async () => {
    const uids = ['a', 'b']
    const lookup = ownDeployment(
      clientOf(async () => ({ metadata: { uid: uids.shift() } })),
      ref,
    )
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'herald-controller' }
    assert.deepEqual(await lookup(), { ...owner, uid: 'a' })
    assert.deepEqual(await lookup(), { ...owner, uid: 'b' })
  })

  it('is nothing where there is none', async () => {
    const unasked = clientOf(() => assert.fail('asked'))
    assert.equal(await ownDeployment(unasked, { ...ref, name: '' })(), undefined)
  })

  for (const code of ['notFound', 'forbidden'] as const) {
    it(`is nothing while there never was one, and refused once it is gone (${code})`, async () => {
      const answers: (object | undefined)[] = [undefined, { metadata: { uid: 'a' } }, undefined]
      const lookup = ownDeployment(
        clientOf(async () => answers.shift() ?? Promise.reject(new ApiError(code, 'no'))),
        ref,
      )
      assert.equal(await lookup(), undefined)
      assert.equal((await lookup())?.uid, 'a')
      await assert.rejects(lookup(), /the Deployment "herald-controller" is gone/)
    })
  }

  it('is told, when it cannot be read', async () => {
    const unreachable = async () => {
      throw new ApiError('unreachable', 'no answer')
    }
    await assert.rejects(ownDeployment(clientOf(unreachable), ref)(), /no answer/)
  })

  it('is written without what would need more rights', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'a' }
    const object = { metadata: { name: 'x' } }
    assert.deepEqual(withOwner(object, owner), { metadata: { name: 'x', ownerReferences: [owner] } })
    assert.equal(withOwner(object, undefined), object)
  })
})

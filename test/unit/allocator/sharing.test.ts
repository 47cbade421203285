import assert from 'node:assert/strict'
import { type SharingTerms, sharingObjection, UNSHARED } from '../../../src/allocator/sharing.ts'

const terms = (key: string, backend: string, ...ports: string[]): SharingTerms => ({
  key,
  backend,
  ports: ports.map(text => {
    const [protocol = '', port] = text.split('/')
    return { protocol: protocol as 'TCP', port: Number(port) }
  }),
})

describe('sharing of an address', () => {
  const rows: [what: string, a: SharingTerms, b: SharingTerms, objection: string | undefined][] = [
    ['neither wants to', UNSHARED, UNSHARED, 'not-shared'],
    ['one alone wants to', terms('k', '', 'TCP/80'), UNSHARED, 'not-shared'],
    ['the keys differ', terms('k', '', 'TCP/80'), terms('K', '', 'TCP/81'), 'other-key'],
    ['all is well', terms('k', '', 'TCP/80'), terms('k', '', 'TCP/81'), undefined],
    ['the same port of another protocol', terms('k', '', 'TCP/53'), terms('k', '', 'UDP/53'), undefined],
    ['the same port', terms('k', '', 'TCP/80', 'TCP/443'), terms('k', '', 'UDP/53', 'TCP/443'), 'port-in-use'],
    ['Cluster beside Local', terms('k', '', 'TCP/80'), terms('k', 'app=web', 'TCP/81'), 'other-backend'],
    ['Local with the same selector', terms('k', 'app=web', 'TCP/80'), terms('k', 'app=web', 'TCP/81'), undefined],
    [
      'Local with different selectors',
      terms('k', 'app=web', 'TCP/80'),
      terms('k', 'app=db', 'TCP/81'),
      'other-backend',
    ],
    ['Local without a selector beside Cluster', terms('k', '', 'TCP/80'), terms('k', '', 'TCP/81'), undefined],
  ]
  for (const [what, a, b, objection] of rows) {
    it(`${what}: ${objection ?? 'shared'}`, () => {
      assert.equal(sharingObjection(a, b), objection)
      assert.equal(sharingObjection(b, a), objection)
    })
  }
})

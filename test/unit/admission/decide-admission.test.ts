import assert from 'node:assert/strict'
import {
  ALLOWED,
  aliases,
  bgp,
  CREATED,
  community,
  create,
  labels,
  layer2,
  make,
  peer,
  pool,
  profile,
  remove,
  reservation,
  update,
} from './admission-requests.ts'

describe('admission', () => {
  for (const kind of [pool, reservation, layer2, bgp, peer, profile, community]) {
    const object = kind('new', { addresses: ['192.0.2.1/32'] })
    it(`refuses a ${object.kind} in another namespace, and only its creation`, () => {
      const elsewhere = { ...object, metadata: { ...object.metadata, namespace: 'default' } }
      assert.deepEqual(create(elsewhere), {
        refusal: 'resource must be created in herald-system namespace',
        warnings: [],
      })
      assert.deepEqual(update(elsewhere, { ...elsewhere, spec: { addresses: 'shop' } }), ALLOWED)
      assert.deepEqual(remove(elsewhere), ALLOWED)
    })

    it(`lets a ${object.kind} that is wrong and on its way out lose its finalizers`, () => {
      const metadata = { ...object.metadata, deletionTimestamp: CREATED }
      assert.deepEqual(update(object, { ...object, metadata, spec: { myASN: 0, addresses: [] } }), ALLOWED)
    })
  }

  it('refuses to delete a profile while a peer names it', () => {
    const there = [
      peer('b', { bfdProfile: 'fast' }),
      peer('a', { bfdProfile: 'fast' }),
      peer('c', { bfdProfile: 'slow' }),
    ]
    assert.deepEqual(remove(profile('fast'), ...there), {
      refusal: 'failed to delete BFDProfile "fast": it is used by the BGPPeer "a", "b"',
      warnings: [],
    })
    assert.deepEqual(remove(profile('other'), ...there), ALLOWED)
  })

  it('lets everything else be deleted', () => {
    const all = [pool('a', { addresses: ['192.0.2.0/28'] }), layer2('a'), bgp('a'), peer('a'), community('a')]
    for (const object of all) assert.deepEqual(remove(object, ...all), ALLOWED)
  })

  it('takes what belongs together in any order, and tells what is missing', () => {
    const secret = peer('new', { passwordSecret: { name: 'later' } })
    assert.deepEqual(create(secret).warnings, [
      'no session is held for now: spec.passwordSecret: there is no Secret "later" in the namespace "herald-system"',
    ])
    assert.match(String(create(peer('new', { passwordSecret: { name: 'opaque' } })).warnings), /must have the type/)
    assert.match(String(create(peer('new', { bfdProfile: 'fast' })).warnings), /there is no valid BFDProfile "fast"/)
    assert.deepEqual(create(peer('new', { bfdProfile: 'fast' }), profile('fast')), ALLOWED)
    assert.deepEqual(create(bgp('new', { communities: ['near'], ipAddressPools: ['web'], peers: ['tor'] })), {
      warnings: [
        'spec.ipAddressPools: there is no IPAddressPool "web" yet',
        'spec.peers: there is no BGPPeer "tor" yet',
        'nothing is announced by it for now: spec.communities[0]: "near" is neither a community nor an alias that a Community object defines',
      ],
    })
    assert.deepEqual(create(layer2('new', { ipAddressPools: ['web'] })).warnings, [
      'spec.ipAddressPools: there is no IPAddressPool "web" yet',
    ])
    const web = pool('web', { addresses: ['192.0.2.0/28'] })
    const there = [web, peer('tor'), community('ours', aliases(['near', '1:2']))]
    assert.deepEqual(
      create(bgp('new', { communities: ['near'], ipAddressPools: ['web'], peers: ['tor'] }), ...there),
      ALLOWED,
    )
  })

  it('says that disableMP is deprecated, and checks all the same', () => {
    const warning = 'spec.disableMP is deprecated: nothing depends on it'
    assert.deepEqual(create(peer('new', { disableMP: true })), { warnings: [warning] })
    assert.deepEqual(create(peer('new', { disableMP: false })), ALLOWED)
    const wrong = create(peer('new', { disableMP: true, myASN: 0 }))
    assert.match(wrong.refusal ?? '', /myASN/)
    const elsewhere = peer('new', { disableMP: true })
    elsewhere.metadata.namespace = 'default'
    assert.match(create(elsewhere).refusal ?? '', /must be created in herald-system namespace/)
  })

  it('takes a pool that an advertisement will not apply to, and says so', () => {
    const { refusal, warnings } = create(
      pool('small', { addresses: ['192.0.2.0/28'] }),
      bgp('wide', { aggregationLength: 26 }),
    )
    assert.equal(refusal, undefined)
    assert.match(
      String(warnings),
      /^the BGPAdvertisement "wide" will not apply to this pool: .*invalid aggregation length 26/,
    )
  })

  it('takes a peer that is another session on some nodes, and names the others', () => {
    const { refusal, warnings } = create(peer('everywhere'), peer('rack-1', labels('1')))
    assert.equal(refusal, undefined)
    assert.deepEqual(warnings, [
      'spec.peerAddress: is the same session as that of the BGPPeer "rack-1" on 1 of the 2 nodes that it selects',
    ])
    assert.deepEqual(create(peer('second', labels('2')), peer('rack-1', labels('1'))), ALLOWED)
  })

  it('refuses to edit the elder of two so that the younger could not stand', () => {
    const [elder, younger] = [peer('a', { peerAddress: '203.0.113.9' }), peer('b')]
    const { refusal } = update(elder, peer('a'), younger)
    assert.match(
      refusal ?? '',
      /^the BGPPeer "b" would be refused: .*session as that of the BGPPeer "a".*already exists$/,
    )
  })

  it('refuses the one that comes, whoever has the earlier name, within one second', () => {
    assert.match(create(peer('a'), peer('b')).refusal ?? '', /session as that of the BGPPeer "b"/)
    assert.match(
      create(community('a', aliases(['x', '1:2'])), community('b', aliases(['x', '1:3']))).refusal ?? '',
      /that of the Community "b" counts/,
    )
  })

  it('lets the younger of two that cannot stand together be moved out of the way, and the elder too', () => {
    const [elder, younger] = [peer('a'), peer('b')]
    assert.deepEqual(update(younger, peer('b', { peerAddress: '203.0.113.9' }), elder), ALLOWED)
    assert.deepEqual(update(elder, peer('a', { peerAddress: '203.0.113.9' }), younger), ALLOWED)
  })

  it('allows kinds that it does not know', () => {
    assert.deepEqual(create(make('Service')('shop')), ALLOWED)
    assert.deepEqual(create(make('constructor')('shop')), ALLOWED)
  })
})

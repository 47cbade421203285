import assert from 'node:assert/strict'
import { type HeldCertificates, planCertificates } from '../../../src/certificates/certificate-plan.ts'

const DAY_MS = 86_400_000
const days = (from: number, to: number) => ({ notBeforeMs: from * DAY_MS, notAfterMs: to * DAY_MS })
const authority = days(0, 3650)

describe('the plan for certificates', () => {
  const rows: { what: string; held?: HeldCertificates; day: number; plan: string }[] = [
    { what: 'nothing is there', day: 0, plan: 'authority' },
    { what: 'both are fresh', held: { authority, server: days(0, 365) }, day: 1, plan: 'keep' },
    {
      what: 'two thirds of a life are over, almost',
      held: { authority, server: days(0, 300) },
      day: 199.9,
      plan: 'keep',
    },
    { what: 'two thirds of a life are over', held: { authority, server: days(0, 300) }, day: 200.1, plan: 'server' },
    { what: 'the certificate has expired', held: { authority, server: days(0, 365) }, day: 365, plan: 'server' },
    { what: 'the certificate is of the future', held: { authority, server: days(10, 375) }, day: 9, plan: 'server' },
    { what: 'there is no certificate that fits', held: { authority }, day: 1, plan: 'server' },
    {
      what: 'the authority would go first',
      held: { authority, server: days(3200, 3565) },
      day: 3286,
      plan: 'authority',
    },
    {
      what: 'the authority lasts just as long',
      held: { authority, server: days(3200, 3565) },
      day: 3285,
      plan: 'keep',
    },
    { what: 'the authority has expired', held: { authority, server: days(3600, 3965) }, day: 3650, plan: 'authority' },
    { what: 'the authority is of the future', held: { authority, server: days(-2, 9) }, day: -1, plan: 'authority' },
  ]
  for (const { what, held, day, plan } of rows) {
    it(`is ${plan} when ${what}`, () => assert.equal(planCertificates(held, day * DAY_MS), plan))
  }
})

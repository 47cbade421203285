import { Random } from '../../simulation/random.ts'
import type { Spoiling } from '../api-proxy.ts'
import { type FaultKind, unfelt } from '../fault.ts'

/** Spoils the answers that Herald gets from the API server; all others get theirs. */
const spoiltAnswers = (name: string, summary: string, spoiling: (random: Random) => Spoiling): FaultKind => ({
  ...{ name, summary, target: 'none', durationMs: [3_000, 20_000], touches: ['api server'] },
  bounds: unfelt(45_000),
  strike: async ({ proxy, say }, { dice }) => {
    const before = await proxy.spoil(spoiling(new Random(dice)))
    return async () => {
      const after = await proxy.spoil({ how: 'not', share: 0 })
      say(`${name}: ${after.spoilt - before.spoilt} of ${after.requests - before.requests} answers to Herald spoilt`)
    }
  },
})

export const apiFaults: readonly FaultKind[] = [
  spoiltAnswers('api-429', 'the API server turns requests of Herald away: 429, come again in a second', random => ({
    how: 429,
    share: random.pick([0.3, 0.7, 1]),
  })),
  spoiltAnswers('api-500', 'the API server answers requests of Herald with an internal error', random => ({
    how: 500,
    share: random.pick([0.3, 0.7, 1]),
  })),
  spoiltAnswers('api-late', 'the API server answers Herald late, by up to eight seconds', random => ({
    how: 'late',
    share: random.pick([0.3, 1]),
    lateMs: Math.round(random.between(500, 8_000)),
  })),
  spoiltAnswers('api-cut', 'connections of Herald to the API server break', random => ({
    how: 'cut',
    share: random.pick([0.3, 0.7, 1]),
  })),
]

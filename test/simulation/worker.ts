import { parentPort, workerData } from 'node:worker_threads'
import { type SimulationOptions, simulate } from './simulation.ts'
import { count, newTally } from './tally.ts'

/** A share of the seeds: told by `workerData`, answered by tallies. */
const { from, seeds, step, chunk, options } = workerData as {
  from: number
  seeds: number
  step: number
  chunk: number
  options: SimulationOptions
}

let tally = newTally()
for (let seed = from; seed < seeds; seed += step) {
  count(tally, simulate(seed, options))
  if (tally.seeds < chunk) continue
  parentPort!.postMessage(tally)
  tally = newTally()
}
parentPort!.postMessage(tally)

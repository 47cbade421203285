/** Runs every benchmark, one after the other: `npm run bench`. */
import { spawnSync } from 'node:child_process'

for (const bench of ['controller', 'lab']) {
  console.log(`── bench/${bench}.ts ${'─'.repeat(90)}`)
  const { status } = spawnSync(process.execPath, [`bench/${bench}.ts`], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exitCode = 1
}

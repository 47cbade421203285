import { simulate } from './simulation.ts'

const args = process.argv.slice(2)
const arg = (n: string, d: number) => {
  const i = args.indexOf(n)
  return i < 0 ? d : Number(args[i + 1])
}
const tr = arg('--trace', -1)
if (tr >= 0) {
  const o = simulate(tr, t => console.log(t))
  console.log(o)
} else {
  const n = arg('--seeds', 1000),
    from = arg('--from', 0)
  const t0 = Date.now()
  const kinds = new Map<string, number[]>()
  let ev = 0,
    both: [number, number, string][] = [],
    settled: [number, number, string][] = [],
    fps = 0,
    c10 = 0
  const un: number[] = [], hu: [number,number,string][] = []
  for (let s = from; s < from + n; s++) {
    const o = simulate(s)
    ev += o.events
    if (o.problem) {
      const k = `${o.plot}: ${o.problem
        .replace(/^[\d.]+ s: /, '')
        .replace(/[\d.]{7,}/g, 'ADDR')
        .replace(/node\d/g, 'N')
        .replace(/\d+ ms/, 'T ms')
        .replace(/eth\d/, 'L')}`
      const l = kinds.get(k) ?? []
      l.push(s)
      kinds.set(k, l)
    }
    for (const b of o.measurements.bothMs) both.push([b, s, o.plot])
    settled.push([o.measurements.settledAfterMs, s, o.plot]); hu.push([o.measurements.healedUnownedMs, s, o.plot])
    fps = Math.max(fps, o.measurements.mostFramesPerSecond)
    c10 = Math.max(c10, o.measurements.mostClaimsInTenSeconds)
    un.push(...o.measurements.unownedMs)
  }
  const dt = (Date.now() - t0) / 1000
  console.log(
    n,
    'seeds',
    dt,
    's',
    ((n / dt) * 60).toFixed(0),
    'per minute; events/seed',
    (ev / n).toFixed(0),
    'fps',
    fps,
    'c10',
    c10,
  )
  for (const [k, l] of [...kinds].sort((a, b) => b[1].length - a[1].length))
    console.log(l.length, k, l.slice(0, 6).join(' '))
  for (const plot of ['calm', 'gentle', 'rough', 'lasting']) {
    const b = both.filter(x => x[2] === plot).sort((x, y) => y[0] - x[0])
    const st = settled.filter(x => x[2] === plot).sort((x, y) => y[0] - x[0])
    console.log(
      plot,
      'both',
      b.length,
      b
        .slice(0, 5)
        .map(x => `${x[0].toFixed(0)}@${x[1]}`)
        .join(' '),
      '| p50',
      b[b.length >> 1]?.[0].toFixed(1),
      'settled',
      st
        .slice(0, 5)
        .map(x => `${x[0].toFixed(0)}@${x[1]}`)
        .join(' '),
      'p50',
      st[st.length >> 1]?.[0].toFixed(0),
      'p99',
      st[Math.floor(st.length / 100)]?.[0].toFixed(0),
    )
  }
  for (const plot of ['calm', 'gentle', 'rough']) { const l = hu.filter(x => x[2] === plot).sort((x, y) => y[0] - x[0]); console.log(plot, 'unowned healed', l.slice(0, 6).map(x => `${x[0].toFixed(0)}@${x[1]}`).join(' '), 'p99', l[Math.floor(l.length / 100)]?.[0]) }
  un.sort((a, b) => a - b)
  console.log(
    'unowned p50',
    un[un.length >> 1],
    'p90',
    un[Math.floor(un.length * 0.9)],
    'p99',
    un[Math.floor(un.length * 0.99)],
  )
}

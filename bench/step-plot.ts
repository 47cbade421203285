/** One line of a plot: how large a share of the samples lies at or below each value. */
export interface PlottedSamples {
  readonly name: string
  /** e.g. "#0969da" */
  readonly colour: string
  /** of its dashes, e.g. "5 3"; none: a full line */
  readonly dashes?: string
  /** in ms; Infinity for what never came */
  readonly samples: readonly number[]
}

/** Where the axis is marked: at 1, 2 and 5 of each power of ten, or at the powers alone where that is too much. */
function marks({ fromMs, toMs }: { fromMs: number; toMs: number }): number[] {
  const digits = toMs / fromMs > 1_000 ? [1] : [1, 2, 5]
  const powers = Array.from({ length: 6 }, (_, exponent) => 10 ** exponent)
  return powers.flatMap(power => digits.map(digit => digit * power)).filter(ms => ms >= fromMs && ms <= toMs)
}

const [width, height] = [860, 420]
const box = { left: 60, right: 190, top: 46, bottom: 50 }

/** A cumulative distribution as an SVG that can be read on a light and on a dark page; the time axis is logarithmic. */
export function distributionPlot(
  { title, axis }: { title: string; axis: string },
  lines: readonly PlottedSamples[],
  range: { fromMs: number; toMs: number },
): string {
  const [low, high] = [Math.log10(range.fromMs), Math.log10(range.toMs)]
  const x = (ms: number) =>
    box.left + ((Math.log10(Math.max(ms, range.fromMs)) - low) / (high - low)) * (width - box.left - box.right)
  const y = (share: number) => height - box.bottom - share * (height - box.top - box.bottom)
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    '<style>text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 } .grid { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2 }</style>',
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    `<text class="title" x="${box.left}" y="26">${title}</text>`,
  ]
  for (const ms of marks(range)) {
    const at = x(ms).toFixed(1)
    parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="${y(1)}" y2="${y(0)}"/>`)
    parts.push(
      `<text x="${at}" y="${height - 28}" text-anchor="middle">${ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`}</text>`,
    )
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(`<line class="grid" x1="${box.left}" x2="${width - box.right}" y1="${y(share)}" y2="${y(share)}"/>`)
    parts.push(`<text x="${box.left - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`)
  }
  parts.push(`<text x="${(width - box.right + box.left) / 2}" y="${height - 8}" text-anchor="middle">${axis}</text>`)
  for (const { colour, dashes, samples } of lines) {
    const sorted = [...samples].sort((one, other) => one - other)
    let path = `M${x(sorted[0] ?? range.toMs).toFixed(1)},${y(0).toFixed(1)}`
    for (const [i, ms] of sorted.entries()) {
      if (ms > range.toMs) break
      path += `H${x(ms).toFixed(1)}V${y((i + 1) / sorted.length).toFixed(1)}`
    }
    const reached = sorted.every(ms => ms <= range.toMs)
    path += reached ? '' : `H${x(range.toMs).toFixed(1)}`
    parts.push(`<path class="line" stroke="${colour}"${dashes ? ` stroke-dasharray="${dashes}"` : ''} d="${path}"/>`)
  }
  for (const [i, { name, colour, dashes }] of lines.entries()) {
    const at = box.top + 10 + 22 * i
    const from = width - box.right + 18
    parts.push(
      `<line class="line" stroke="${colour}"${dashes ? ` stroke-dasharray="${dashes}"` : ''} x1="${from}" x2="${from + 26}" y1="${at - 4}" y2="${at - 4}"/>`,
    )
    parts.push(`<text x="${from + 34}" y="${at}">${name}</text>`)
  }
  return `${[...parts, '</svg>'].join('\n')}\n`
}

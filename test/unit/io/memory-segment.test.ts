import { MemorySegment } from '../../support/io/memory-segment.ts'
import { describePacketSocketCompliance } from '../../support/io/packet-socket-compliance.ts'

describePacketSocketCompliance('in memory', () => {
  const segment = new MemorySegment()
  const a = segment.addPort()
  const b = segment.addPort()
  return { a, b, setUpB: up => b.setUp(up), removeB: () => b.remove(), dispose: () => {} }
})

import type { FaultProxy } from './fault-proxy.ts'

/** Everything that a network does to a connection, by name. `heal` of the proxy takes it back. */
export const FAULTS: { readonly [kind: string]: (proxy: FaultProxy) => void | Promise<void> } = {
  latency: (proxy) => proxy.set({ up: { delayMs: 40 }, down: { delayMs: 40 } }),
  jitter: (proxy) => proxy.set({ up: { jitterMs: 60 }, down: { jitterMs: 60 } }),
  'byte by byte': (proxy) => proxy.set({ up: { pieceBytes: 1 }, down: { pieceBytes: 1 } }),
  'split frames': (proxy) =>
    proxy.set({ up: { pieceBytes: 13, ragged: true }, down: { pieceBytes: 13, ragged: true } }),
  reset: (proxy) => proxy.stop('reset'),
  ended: (proxy) => proxy.stop('end'),
  // The server hears nothing, and has nothing to answer.
  'half-open up': (proxy) => proxy.set({ up: { flow: 'lose' } }),
  // The server hears and carries out everything, and nobody hears its answers.
  'half-open down': (proxy) => proxy.set({ down: { flow: 'lose' } }),
  'black hole': (proxy) => proxy.set({ up: { flow: 'lose' }, down: { flow: 'lose' } }),
  // What was said arrives after all, when nobody waits for it any more.
  'late delivery': (proxy) => proxy.set({ up: { flow: 'hold' }, down: { flow: 'hold' } }),
  'slow reader': (proxy) => proxy.set({ up: { bytesPerSecond: 4_000 }, down: { bytesPerSecond: 4_000 } }),
  'truncated reply': (proxy) => proxy.truncate(10, 'reset'),
  refused: async (proxy) => {
    await proxy.refuse()
    proxy.stop('reset')
  },
}

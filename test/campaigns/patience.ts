import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'

/**
 * How much longer everything takes because others use this machine as well: 1 on a machine that has time. The bounds of
 * the campaigns are promises for such a machine; on one that is overrun, the part of them that is work and not waiting
 * grows with the queue before the processors.
 */
export class Patience {
  private most = 1
  private readonly timer: NodeJS.Timeout

  constructor() {
    this.look()
    this.timer = setInterval(() => this.look(), 1_000)
    this.timer.unref()
  }

  /** The most since it was made. */
  get factor(): number {
    this.look()
    return this.most
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private look(): void {
    // The campaign's own processes fill the machine once.
    const waiting = (loadavg()[0] ?? 0) / availableParallelism() - 1
    this.most = Math.max(this.most, waiting, slowdown())
  }
}

/** A machine on which nothing moves is no excuse for everything. */
const SLOWDOWN_MAX = 8

/**
 * How much longer work takes, by the share of the last ten seconds in which something waited for a processor (Linux,
 * pressure stall information). The load average needs a minute to notice that a machine has become busy.
 */
const slowdown = (): number => {
  try {
    const share =
      Number(/^some avg10=([\d.]+)/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1] ?? 0) / 100
    return Math.min(SLOWDOWN_MAX, 1 / Math.max(1 - share, 1 / SLOWDOWN_MAX))
  } catch {
    return 1
  }
}

// Handlers that do harm, for test/runtime/isolation-poison.slow.test.ts. The children import this file, so it is JavaScript.
import { execSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { Discard, RetryAfter, snooze } from 'posthaste'

/**
 * @typedef {object} Poison
 * @property {(payload: any, context: import('posthaste').TaskContext) => unknown} run
 * @property {'completed' | 'dead' | 'cancelled' | 'completed or dead'} ends
 * @property {RegExp} [says]  The job's error.
 * @property {'thread' | 'process'} [only]  The other kind cannot bear it, or does not have it.
 * @property {true} [hangs]  It is ended by its timeout.
 */

/** @returns {number} */
const overflow = () => overflow() + 1
const forever = () => new Promise(() => {})
const spin = () => {
  for (;;);
}
/** @param {() => void} work */
const later = (work) => {
  setTimeout(work, 5)
  return forever()
}
/** @param {NodeJS.Signals} signal */
const killedBy = (signal) => () => {
  process.kill(process.pid, signal)
  return forever()
}
/** @param {unknown} thrown */
const throws = (thrown) => () => {
  throw thrown
}
/** @returns {any} */
const trap = () => {
  throw new Error('do not touch')
}
const trapped = () =>
  new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap })
const TO_WORKER = 3
const FROM_WORKER = 4
/** What a handler can say over the channel of its own child. @param {string} text */
const say = (text) => {
  if (workerData?.port === undefined) writeSync(TO_WORKER, `${text}\n`)
  else workerData.port.postMessage(text)
}
/** @param {string} text */
const saysAndWaits = (text) => {
  say(text)
  return forever()
}
/** @param {number} fd @param {unknown} result */
const closes = (fd, result) => {
  closeSync(fd)
  return result
}
/** @param {unknown} then */
const thenable = (then) => Object.defineProperty({}, 'then', { value: then })
/** @param {any} of @param {string} key @param {unknown} value */
const spoil = (of, key, value) => {
  of[key] = value
  return 'done'
}
/** @param {string[]} names */
const remove = (...names) => {
  for (const name of names) Reflect.deleteProperty(globalThis, name)
  return 'done'
}

/** @type {Record<string, Poison>} */
const ENDS_ITSELF = {
  'exit 0': { run: () => process.exit(0), ends: 'dead', says: /ended by itself with exit code 0/ },
  'exit 3': { run: () => process.exit(3), ends: 'dead', says: /exit code 3/ },
  'exit 255': { run: () => process.exit(255), ends: 'dead', says: /exit code 255/ },
  'exit in a timer': { run: () => later(() => process.exit(4)), ends: 'dead', says: /exit code 4/ },
  'exit in a microtask after the result': {
    run: async () => {
      Promise.resolve().then(() => Promise.resolve().then(() => process.exit(5)))
      return 'done'
    },
    ends: 'completed or dead',
  },
  'exit soon after the result': {
    run: () => {
      setTimeout(() => process.exit(6), 30)
      return 'done'
    },
    ends: 'completed',
  },
  'exit when it is told to end': {
    run: () => {
      process.on('exit', spin)
      return 'done'
    },
    ends: 'completed',
  },
  abort: { run: () => process.abort(), ends: 'dead', says: /SIGABRT|not supported in workers/ },
  'kill itself': { run: killedBy('SIGKILL'), ends: 'dead', says: /SIGKILL/, only: 'process' },
  terminate: { run: killedBy('SIGTERM'), ends: 'dead', says: /SIGTERM/, only: 'process' },
  interrupt: { run: killedBy('SIGINT'), ends: 'dead', says: /SIGINT/, only: 'process' },
  'hang up': { run: killedBy('SIGHUP'), ends: 'dead', says: /SIGHUP/, only: 'process' },
  quit: { run: killedBy('SIGQUIT'), ends: 'dead', says: /SIGQUIT/, only: 'process' },
  'segmentation fault': {
    run: killedBy('SIGSEGV'),
    ends: 'dead',
    says: /SIGSEGV .*native library/,
    only: 'process',
  },
  'bus error': { run: killedBy('SIGBUS'), ends: 'dead', says: /SIGBUS/, only: 'process' },
  'illegal instruction': { run: killedBy('SIGILL'), ends: 'dead', says: /SIGILL/, only: 'process' },
  'stopped by a signal': {
    run: killedBy('SIGSTOP'),
    ends: 'dead',
    says: /timeout/,
    only: 'process',
    hangs: true,
  },
  'native exit': {
    run: () => /** @type {any} */ (process).reallyExit(9),
    ends: 'dead',
    says: /exit code 9/,
    only: 'process',
  },
  'not a native library': {
    run: () => process.dlopen({ exports: {} }, process.execPath),
    ends: 'dead',
    says: /./,
  },
}

/** @type {Record<string, Poison>} */
const THROWS = {
  'throws null': { run: throws(null), ends: 'dead', says: /null was thrown/ },
  'throws undefined': { run: throws(undefined), ends: 'dead', says: /undefined was thrown/ },
  'throws a number': { run: throws(7), ends: 'dead', says: /7 was thrown/ },
  'throws text': { run: throws('just text'), ends: 'dead', says: /just text/ },
  'throws a symbol': { run: throws(Symbol('s')), ends: 'dead', says: /Symbol\(s\) was thrown/ },
  'throws a BigInt': { run: throws(10n), ends: 'dead', says: /10 was thrown/ },
  'throws a function': { run: throws(() => 1), ends: 'dead', says: /a function was thrown/ },
  'throws a frozen error': { run: throws(Object.freeze(new Error('frozen'))), ends: 'dead', says: /frozen/ },
  'throws a proxy of traps': { run: () => throws(trapped())(), ends: 'dead', says: /without a message/ },
  'throws a revoked proxy': {
    run: () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      throw proxy
    },
    ends: 'dead',
    says: /without a message/,
  },
  'rejects with a proxy of traps': {
    run: async () => throws(trapped())(),
    ends: 'dead',
    says: /without a message/,
  },
  'throws a message of a mebibyte': {
    run: () => throws(new Error('x'.repeat(2 ** 20)))(),
    ends: 'dead',
    says: /^x+…$/,
  },
  'throws a circular cause': {
    run: () => {
      const error = new Error('around')
      error.cause = error
      throw error
    },
    ends: 'dead',
    says: /^around$/,
  },
  'throws an error of traps': {
    run: () => {
      const error = new Error('no')
      for (const key of ['message', 'name', 'stack', 'code', 'cause', 'retriable']) {
        Object.defineProperty(error, key, { get: trap })
      }
      throw error
    },
    ends: 'dead',
    says: /./,
  },
  'throws a message that is none': {
    run: () => throws(Object.assign(new Error(), { message: { toString: trap } }))(),
    ends: 'dead',
    says: /without a message/,
  },
  'throws an error whose stack never ends': {
    run: () => {
      const error = new Error('no')
      Object.defineProperty(error, 'stack', { get: spin })
      throw error
    },
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'throws an aggregate of many': {
    run: () => throws(new AggregateError(Array.from({ length: 1_000 }, () => new Error('one of many'))))(),
    ends: 'dead',
    says: /one of many/,
  },
  'discards with a message of traps': {
    run: () => {
      const discard = new Discard('no')
      Object.defineProperty(discard, 'message', { get: trap })
      throw discard
    },
    ends: 'cancelled',
  },
  'retries after no time at all': {
    run: () => throws(new RetryAfter(Number.NaN))(),
    ends: 'dead',
    says: /RetryAfter/,
  },
  'overflows the stack': {
    run: overflow,
    ends: 'dead',
    says: /call stack/i,
  },
}

/** @type {Record<string, Poison>} */
const NOT_CAUGHT = {
  'throws in a timer': {
    run: () => later(throws(new Error('in a timer'))),
    ends: 'dead',
    says: /nobody waited for it: in a timer/,
  },
  'throws null in a timer': { run: () => later(throws(null)), ends: 'dead', says: /null was thrown/ },
  'throws in a microtask': {
    run: () => {
      queueMicrotask(throws(new TypeError('in a microtask')))
      return forever()
    },
    ends: 'dead',
    says: /in a microtask/,
  },
  'throws in the next tick': {
    run: () => {
      process.nextTick(throws(new Error('in a tick')))
      return forever()
    },
    ends: 'dead',
    says: /in a tick/,
  },
  'rejects where nobody waits': {
    run: () => {
      void Promise.reject(new Error('unhandled'))
      return forever()
    },
    ends: 'dead',
    says: /unhandled/,
  },
  'rejects with undefined where nobody waits': {
    run: () => {
      void Promise.reject()
      return forever()
    },
    ends: 'dead',
    says: /./,
  },
  'throws a proxy of traps in a timer': {
    run: () => later(() => throws(trapped())()),
    ends: 'dead',
    says: /./,
  },
  'throws after its result': {
    run: () => {
      setTimeout(throws(new Error('late')), 30)
      return 'done'
    },
    ends: 'completed',
  },
  'throws when nobody listens any more': {
    run: () => {
      process.removeAllListeners('uncaughtException')
      return later(throws(new Error('alone')))
    },
    ends: 'dead',
    says: /exit code|broke: alone/,
  },
  'swallows everything and hangs': {
    run: () => {
      process.removeAllListeners('uncaughtException')
      process.on('uncaughtException', () => {})
      return later(throws(new Error('swallowed')))
    },
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
}

const nested = () => {
  /** @type {unknown} */
  let value = null
  for (let depth = 0; depth < 1_000_000; depth++) value = [value]
  return value
}

/** @type {Record<string, Poison>} */
const OUTPUTS = {
  'a million levels': { run: nested, ends: 'dead', says: /deeper than 32/ },
  'an output that contains itself': {
    run: () => {
      /** @type {any} */
      const value = {}
      value.self = value
      return value
    },
    ends: 'dead',
    says: /contains itself/,
  },
  NaN: { run: () => Number.NaN, ends: 'dead', says: /is NaN/ },
  'a BigInt': { run: () => 1n, ends: 'dead', says: /is a bigint/ },
  'a function': { run: () => () => 1, ends: 'dead', says: /is a function/ },
  'a symbol': { run: () => Symbol('s'), ends: 'dead', says: /is a symbol/ },
  'a Map': { run: () => new Map(), ends: 'dead', says: /instance of Map/ },
  bytes: { run: () => Buffer.from('bytes'), ends: 'dead', says: /bytes/ },
  'an invalid Date': { run: () => new Date(Number.NaN), ends: 'dead', says: /invalid Date/ },
  'a hole': { run: () => new Array(3), ends: 'dead', says: /undefined/ },
  'half a character': { run: () => '\ud800', ends: 'dead', says: /surrogate/ },
  'a key named __proto__': {
    run: () => JSON.parse('{"__proto__":{"admin":true}}'),
    ends: 'dead',
    says: /__proto__/,
  },
  'ten million characters': { run: () => 'x'.repeat(10_000_000), ends: 'dead', says: /larger than/ },
  'a million numbers': { run: () => new Array(1_000_000).fill(1), ends: 'dead', says: /larger than/ },
  'a toJSON that throws': { run: () => ({ toJSON: trap }), ends: 'dead', says: /cannot be read/ },
  'a toJSON that grows': {
    run: () => ({ toJSON: () => 'x'.repeat(10_000_000) }),
    ends: 'dead',
    says: /larger than/,
  },
  'a toJSON that never ends': { run: () => ({ toJSON: spin }), ends: 'dead', says: /timeout/, hangs: true },
  'a getter that throws': {
    run: () => ({
      get value() {
        return trap()
      },
    }),
    ends: 'dead',
    says: /cannot be read/,
  },
  'a proxy of traps': { run: () => trapped(), ends: 'dead', says: /do not touch|cannot be read/ },
  'a proxy without an end': {
    run: () => {
      /** @returns {any} */
      const endless = () =>
        new Proxy(
          {},
          {
            get: (_, key) => (key === 'then' || key === 'toJSON' ? undefined : endless()),
            ownKeys: () => ['a'],
            getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }),
          },
        )
      return endless()
    },
    ends: 'dead',
    says: /deeper than 32/,
  },
  'a thenable that throws': { run: () => thenable(trap), ends: 'dead', says: /do not touch/ },
  'a thenable that never answers': {
    run: () => thenable(() => {}),
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'a snooze until nonsense': {
    run: () => snooze(/** @type {any} */ ('nonsense')),
    ends: 'dead',
    says: /snooze/,
  },
}

/** @type {Record<string, Poison>} */
const HANGS = {
  'an endless loop': { run: spin, ends: 'dead', says: /timeout/, hangs: true },
  'a loop of microtasks': {
    run: async () => {
      for (;;) await null
    },
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'a loop of ticks': {
    run: () => {
      const again = () => process.nextTick(again)
      again()
      return forever()
    },
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'never resolves, ignores the signal': { run: forever, ends: 'dead', says: /timeout/, hangs: true },
  'a regular expression that never ends': {
    run: () => /^(a+)+$/.test(`${'a'.repeat(64)}!`),
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'sleeps on memory': {
    run: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'blocks SIGTERM and its signal': {
    run: (_, { signal }) => {
      process.on('SIGTERM', () => {})
      signal.addEventListener('abort', () => {})
      setInterval(() => {}, 10)
      return forever()
    },
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'loops when it is told to stop': {
    run: (_, { signal }) => {
      signal.addEventListener('abort', spin)
      return forever()
    },
    ends: 'dead',
    says: /timeout/,
    hangs: true,
  },
  'waits for another program': {
    run: () => execSync('sleep 60'),
    ends: 'dead',
    says: /timeout/,
    only: 'process',
    hangs: true,
  },
}

/** @type {Record<string, Poison>} */
const MEMORY = {
  'a heap of arrays': {
    run: () => {
      const all = []
      for (;;) all.push(new Array(1_000).fill(Math.random()))
    },
    ends: 'dead',
    says: /ran out of memory/,
  },
  'a heap of texts': {
    run: () => {
      const all = []
      for (let n = 0; ; n++) all.push(`${n}`.padStart(1_000, 'x').split('').join('-'))
    },
    ends: 'dead',
    says: /ran out of memory/,
  },
  'a heap of objects, slowly': {
    run: async () => {
      const all = new Map()
      for (;;) {
        for (let n = 0; n < 20_000; n++) all.set({}, { n, at: Math.random(), list: [n, n, n] })
        await sleep(1)
      }
    },
    ends: 'dead',
    says: /ran out of memory/,
  },
  'a heap of buffers': {
    run: () => {
      const all = []
      for (;;) all.push(Buffer.alloc(1024 * 1024, 1))
    },
    ends: 'dead',
    says: /ran out of memory/,
    only: 'process',
  },
  'one buffer after the other, slowly': {
    run: async () => {
      const all = []
      for (;;) {
        all.push(new Float64Array(500_000).fill(1))
        await sleep(2)
      }
    },
    ends: 'dead',
    says: /ran out of memory/,
    only: 'process',
  },
  'a text that is too long': { run: () => 'x'.repeat(2 ** 30), ends: 'dead', says: /string length/i },
}

/** @type {Record<string, Poison>} */
const NOISE = {
  'logs without an end': {
    run: (_, { log }) => {
      for (let n = 0; n < 100_000; n++) log(`line ${n}`)
      return 'done'
    },
    ends: 'completed',
  },
  'log lines of a mebibyte': {
    run: (_, { log }) => {
      for (let n = 0; n < 20; n++) log('x'.repeat(2 ** 20))
      return 'done'
    },
    ends: 'completed',
  },
  'a log line that cannot be text': {
    run: (_, { log }) => log(/** @type {any} */ ({ toString: trap })),
    ends: 'dead',
    says: /do not touch/,
  },
  'a storm of progress': {
    run: (_, { progress }) => {
      for (let n = 0; n < 100_000; n++) progress({ n })
      return 'done'
    },
    ends: 'completed',
  },
  'progress of a mebibyte': {
    run: (_, { progress }) => progress('x'.repeat(2 ** 20)),
    ends: 'dead',
    says: /progress is larger/,
  },
  'progress that cannot be read': {
    run: (_, { progress }) => progress(trapped()),
    ends: 'dead',
    says: /cannot be read/,
  },
  'a checkpoint of a mebibyte': {
    run: (_, { checkpoint }) => checkpoint.set('x'.repeat(2 ** 20)),
    ends: 'dead',
    says: /checkpoint is larger/,
  },
  'adds a job that is none': { run: (_, { add }) => add('no name', {}), ends: 'dead', says: /name/ },
  'prints without an end': {
    run: () => {
      for (let n = 0; n < 5_000; n++) console.log('x'.repeat(1_000))
      return 'done'
    },
    ends: 'completed',
  },
  'prints megabytes without a line': {
    run: () => {
      process.stdout.write('x'.repeat(8_000_000))
      return 'done'
    },
    ends: 'completed',
  },
  'prints controls': {
    run: () => {
      console.error('\u0000\u001b[2J\u0007\ud800 \r\n\r\n')
      return 'done'
    },
    ends: 'completed',
  },
}

/** @type {Record<string, Poison>} */
const CHANNEL = {
  'writes what is no message': { run: () => saysAndWaits('{not json'), ends: 'dead', says: /no message/ },
  'writes a message without an end': {
    run: () => saysAndWaits('x'.repeat(5 * 1024 * 1024)),
    ends: 'dead',
    says: /no message/,
  },
  'writes null': { run: () => saysAndWaits('null'), ends: 'dead', says: /no message/ },
  'writes messages of other kinds': {
    run: () => saysAndWaits('{"type":"settle","run":1}'),
    ends: 'dead',
    says: /no message/,
  },
  'writes what cannot be converted': {
    run: () => {
      const none = '{"toString":1,"valueOf":1}'
      say(`{"type":"call","run":1,"call":${none},"method":${none},"args":${none}}`)
      say(`{"type":"notes","run":1,"progress":${none},"log":[[${none},${none}]]}`)
      return saysAndWaits(`{"type":"memory","rssMb":${none}}`)
    },
    ends: 'dead',
    says: /no message/,
  },
  'settles a run that is not its own': {
    run: () => saysAndWaits('{"type":"done","run":999999,"outcome":{"kind":"completed","output":"1"}}'),
    ends: 'dead',
    says: /no message/,
  },
  'settles with an outcome that is none': {
    run: () => {
      for (let run = 1; run < 200; run++)
        say(JSON.stringify({ type: 'done', run, outcome: { kind: 'released' } }))
      return forever()
    },
    ends: 'dead',
    says: /no message/,
  },
  'says that it is ready when it is not': {
    run: async () => {
      for (let run = 1; run < 50; run++) say(JSON.stringify({ type: 'ready', run }))
      await sleep(20)
      return 'done'
    },
    ends: 'completed',
  },
  'says its result twice': {
    run: async () => {
      for (let n = 0; n < 2; n++) {
        for (let run = 1; run < 50; run++) {
          try {
            say(JSON.stringify({ type: 'done', run, outcome: { kind: 'completed', output: '"forged"' } }))
          } catch {}
        }
      }
      return 'done'
    },
    ends: 'completed or dead',
  },
  'asks for what there is not': {
    run: () => {
      for (let n = 0; n < 100; n++) say('{"type":"call","run":1,"call":77,"method":"constructor","args":[]}')
      return 'done'
    },
    ends: 'completed',
  },
  'notes of every shape': {
    run: () => {
      for (let run = 0; run < 3; run++) {
        for (const log of ['null', '[null]', '[[{},{}]]', '"x"', '[[[],"debug"]]']) {
          say(`{"type":"notes","run":${Math.min(run, 1)},"log":${log},"progress":null}`)
        }
      }
      return 'done'
    },
    ends: 'completed',
  },
  'sends by a channel that is not there': {
    run: () => {
      if (parentPort === null) /** @type {any} */ (process).send({ type: 'done' })
      else parentPort.postMessage({ type: 'done' })
      throw new Error('nobody heard')
    },
    ends: 'dead',
    says: /not a function|nobody heard/,
  },
  'closes its own channel': {
    run: () => {
      workerData.port.close()
      return forever()
    },
    ends: 'dead',
    says: /./,
    only: 'thread',
  },
  'closes what it speaks by': {
    run: () => closes(TO_WORKER, 'done'),
    ends: 'dead',
    says: /./,
    only: 'process',
  },
  'closes what it hears by': {
    run: () => closes(FROM_WORKER, forever()),
    ends: 'dead',
    says: /./,
    only: 'process',
    hangs: true,
  },
  'closes its standard streams': {
    run: () => {
      closeSync(1)
      closeSync(2)
      return 'done'
    },
    ends: 'completed',
    only: 'process',
  },
  'ends its standard streams': {
    run: () => {
      process.stdout.destroy()
      process.stderr.destroy()
      console.log('nobody reads this')
      return 'done'
    },
    ends: 'completed or dead',
  },
}

/** @type {Record<string, Poison>} */
const TAMPERS = {
  'deletes JSON': { run: () => remove('JSON'), ends: 'dead', says: /JSON/ },
  'JSON.stringify answers nonsense': {
    run: () => spoil(JSON, 'stringify', () => 'nonsense'),
    ends: 'dead',
    says: /JSON|exit code/,
  },
  'JSON.parse throws': { run: () => spoil(JSON, 'parse', trap), ends: 'completed' },
  'everything has a toJSON': {
    run: () => ({ said: spoil(Object.prototype, 'toJSON', trap) }),
    ends: 'dead',
    says: /cannot be read|exit code|do not touch/,
  },
  'push throws': { run: () => spoil(Array.prototype, 'push', trap), ends: 'completed or dead' },
  'promises go nowhere': {
    run: async () => spoil(Promise.prototype, 'then', forever),
    ends: 'completed or dead',
    hangs: true,
  },
  'prototypes have more': { run: () => spoil(Object.prototype, 'admin', true), ends: 'completed' },
  'prototypes are frozen': {
    run: () => {
      Object.freeze(Object.prototype)
      Object.freeze(Array.prototype)
      return 'done'
    },
    ends: 'completed',
  },
  'deletes process': { run: () => remove('process'), ends: 'completed' },
  'deletes Buffer and timers': {
    run: () => remove('Buffer', 'setTimeout', 'setImmediate', 'clearTimeout', 'queueMicrotask'),
    ends: 'completed or dead',
  },
  'exit does nothing': { run: () => spoil(process, 'exit', () => {}), ends: 'completed' },
  'Error is something else': {
    run: () => {
      spoil(globalThis, 'Error', null)
      return trap()
    },
    ends: 'dead',
    says: /./,
  },
  'atomics lie': { run: () => spoil(Atomics, 'store', trap), ends: 'completed or dead', says: /./ },
}

/** @type {Record<string, Poison>} */
const OUTLIVES = {
  'leaves a timer': { run: () => setInterval(() => {}, 10) && 'done', ends: 'completed' },
  'leaves a program': {
    run: ({ file }) => {
      const { pid } = spawn('sleep', ['60'], { stdio: 'ignore' })
      writeFileSync(file, `${pid}\n`, { flag: 'a' })
      return 'done'
    },
    ends: 'completed',
    only: 'process',
  },
  'leaves a program that holds its streams, and crashes': {
    run: ({ file }) => {
      const { pid } = spawn('sleep', ['60'], { stdio: 'inherit' })
      writeFileSync(file, `${pid}\n`, { flag: 'a' })
      return process.exit(8)
    },
    ends: 'dead',
    says: /exit code 8/,
    only: 'process',
  },
  'leaves a thread that loops': {
    run: async () => {
      const worker = new Worker('for (;;);', { eval: true })
      await new Promise((resolve) => worker.once('online', resolve))
      return process.exit(9)
    },
    ends: 'dead',
    says: /exit code 9/,
  },
  'leaves files': {
    run: () => {
      mkdirSync(join('deep', 'deeper'), { recursive: true })
      writeFileSync(join('deep', 'deeper', 'file'), 'x'.repeat(100_000))
      return 'done'
    },
    ends: 'completed',
    only: 'process',
  },
  'goes elsewhere and removes where it was': {
    run: () => {
      const folder = process.cwd()
      process.chdir('..')
      rmSync(folder, { recursive: true })
      return 'done'
    },
    ends: 'completed',
    only: 'process',
  },
}

/** @type {Record<string, Poison>} */
export const POISONS = {
  ...ENDS_ITSELF,
  ...THROWS,
  ...NOT_CAUGHT,
  ...OUTPUTS,
  ...HANGS,
  ...MEMORY,
  ...NOISE,
  ...CHANNEL,
  ...TAMPERS,
  ...OUTLIVES,
}

/** One task for all: its payload names the poison. */
const MEMORY_MB = 192
const retry = { maxRetries: 0 }
/** @param {{ poison: string, file: string }} payload @param {import('posthaste').TaskContext} context */
const poison = (payload, context) => POISONS[payload.poison]?.run(payload, context)
/** A neighbour uses what poisons spoil. @param {{ n: number }} payload @param {import('posthaste').TaskContext} context */
const neighbour = async ({ n }, { log, progress, checkpoint }) => {
  log(`neighbour ${n}`)
  progress({ n })
  await checkpoint.set({ n })
  await sleep(1)
  return JSON.parse(JSON.stringify({ list: [1, 2, 3].map((one) => one * n), admin: 'admin' in {} }))
}

export const tasks = /** @type {const} */ (['process', 'thread']).flatMap((isolate) => {
  const common = { isolate, module: import.meta.url, memoryMb: MEMORY_MB, retry }
  return [
    { ...common, name: `poison.${isolate}`, run: poison },
    { ...common, name: `neighbour.${isolate}`, run: neighbour },
  ]
})

import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { Context } from './contexts/context.ts'
import { ContextRegistry } from './contexts/context-registry.ts'
import type { Language } from './contexts/language.ts'
import { handleRequest } from './http/routes.ts'
import { Kernel } from './kernel/kernel.ts'
import { kernelProgram, type ProgramPlaces } from './kernel/kernel-program.ts'
import type { Log } from './log.ts'
import { CopyWatch } from './sandbox/copy-watch.ts'
import { fetchSandboxEnv } from './sandbox/sandbox-env.ts'

/** Longer than any proxy in front keeps a connection idle, so that a request never meets a closing one. */
const KEEP_ALIVE_MS = 650_000
/** How often, in ms, connections are looked over for late headers; Node's 30 s would keep an idle sandbox from using no CPU. */
const CHECK_CONNECTIONS_MS = 600_000
/** Contexts that are there before anybody asks; the others start when they are first used. */
const FIRST_LANGUAGES: readonly Language[] = ['python', 'javascript']

/** How to run an interpreter. */
export interface InterpreterOptions {
  host: string
  /** 0 takes a free port. */
  port: number
  places: ProgramPlaces
  /** Folder of contexts that name none; `/` when it is not there. */
  home: string
  /** Environment of every kernel, beneath the sandbox's own. */
  env: Readonly<Record<string, string>>
  /** Where the guest daemon answers. */
  daemonUrl: string
  /** File that is rewritten when this sandbox becomes a copy of another. */
  identityFile: string
  log: Log
}

/** An interpreter that listens. Disposing it ends its kernels and closes every connection. */
export interface RunningInterpreter extends AsyncDisposable {
  port: number
  /** Resolves once the first contexts take cells, or have failed to. */
  started: Promise<void>
}

/** Starts the server and its first contexts, and resolves once it listens. */
export async function startInterpreter(options: InterpreterOptions): Promise<RunningInterpreter> {
  const { log } = options
  const registry = makeRegistry(options)
  let isReady = false
  const started = Promise.all(FIRST_LANGUAGES.map((language) => registry.default(language))).then(
    () => void (isReady = true),
    (error: unknown) => log('Cannot start the first contexts', error),
  )
  const context = { registry, isReady: () => isReady, log }
  // An execution lasts as long as it lasts: no limit on a whole request.
  const settings = {
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
  }
  const server = createServer(settings, (request, response) => {
    void handleRequest(context, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
  })
  return {
    // A server that listens on TCP has an address of this type.
    port: (server.address() as AddressInfo).port,
    started,
    async [Symbol.asyncDispose]() {
      registry.close()
      await started
      // Requests may have made contexts meanwhile.
      registry.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function makeRegistry({ places, home, env, daemonUrl, identityFile, log }: InterpreterOptions): ContextRegistry {
  const copies = new CopyWatch(identityFile)
  const make = (info: Context['info']): Context =>
    new Context({
      ...info,
      startKernel: async () => {
        const program = kernelProgram(info.language, places)
        if ('missing' in program) {
          throw new DrowseError('exec_failed', `Cannot start a context in ${info.language}: ${program.missing}`)
        }
        return Kernel.start({ program, cwd: info.cwd, env, log })
      },
      sandboxEnv: (token) => fetchSandboxEnv(daemonUrl, token),
      copyCount: () => copies.count(),
      log,
    })
  return new ContextRegistry(make, existsSync(home) ? home : '/')
}

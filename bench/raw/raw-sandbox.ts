import { existsSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { exec, pollUntil } from '@drowse/common'
import { HOLD_PROGRAM } from '../sizes.ts'
import { controlCall } from './control-call.ts'
import { rawConfig } from './raw-config.ts'

/** Those of the flags that the platform gives runsc which bear on how fast it is. */
const FLAGS = ['--platform=systrap', '--network=sandbox', '--overlay2=none', '--allow-suid']
const LINK = 'drowsebench0'
const ADDRESS = { host: '10.236.255.1', guest: '10.236.255.2', prefixLength: 30 }

/** What a raw sandbox is made from. */
export interface RawSandboxOptions {
  runsc: string
  /** Folder with the files of the base layer. */
  layer: string
  /** The platform's guest runtime: node and its libraries. */
  guestDirectory: string
  /** Folder for everything that is made; removed by the caller. */
  directory: string
  /** Names the container, namespace and control group. */
  name: string
  memoryMb: number
  cpuCount: number
  holdMb: number
}

/** One gVisor sandbox driven by runsc's own command line, to compare the platform with. Only one can exist at a time. */
export class RawSandbox implements AsyncDisposable {
  readonly #options: RawSandboxOptions
  readonly #root: string
  readonly #bundle: string
  readonly #state: string

  constructor(options: RawSandboxOptions) {
    this.#options = options
    this.#root = join(options.directory, 'root')
    this.#bundle = join(options.directory, 'bundle')
    this.#state = join(options.directory, 'state')
  }

  /** Mounts the root, makes the network and writes the configuration. */
  async prepare(): Promise<void> {
    const { directory, layer, name, guestDirectory, memoryMb, cpuCount, holdMb } = this.#options
    const [upper, work] = [join(directory, 'upper'), join(directory, 'work')]
    for (const path of [this.#root, this.#bundle, this.#state, join(upper, 'bench'), work]) {
      await mkdir(path, { recursive: true })
    }
    await chmod(upper, 0o755)
    await mkdir(join(upper, '.drowse'), { recursive: true })
    await cp(join(import.meta.dirname, 'guest-server.mjs'), join(upper, 'bench', 'server.mjs'))
    await writeFile(join(upper, 'bench', 'hold.py'), HOLD_PROGRAM)
    const options = `lowerdir=${layer},upperdir=${upper},workdir=${work}`
    await exec('mount', ['-t', 'overlay', 'overlay', '-o', options, this.#root])
    await exec('ip', ['netns', 'add', name])
    await exec('ip', ['link', 'add', LINK, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
    await exec('ip', ['addr', 'add', `${ADDRESS.host}/${ADDRESS.prefixLength}`, 'dev', LINK])
    await exec('ip', ['link', 'set', LINK, 'up'])
    const config = rawConfig({
      rootDirectory: this.#root,
      guestDirectory,
      networkNamespace: `/run/netns/${name}`,
      cgroupPath: `/${name}/sandbox`,
      memoryMb,
      cpuCount,
      holdMb,
    })
    await writeFile(join(this.#bundle, 'config.json'), JSON.stringify(config))
  }

  /** Gives the namespace its address, which each container takes away again. Part of no measured step. */
  async address(): Promise<void> {
    const { name } = this.#options
    const commands = [
      'link set lo up',
      `addr replace ${ADDRESS.guest}/${ADDRESS.prefixLength} dev eth0`,
      'link set eth0 up',
      `route replace default via ${ADDRESS.host}`,
    ]
    await exec('ip', ['-n', name, '-batch', '-'], { input: `${commands.join('\n')}\n` })
  }

  async create(): Promise<void> {
    await this.#runsc('create', `--bundle=${this.#bundle}`, this.#options.name)
  }

  /** Starts the guest's program and waits until it holds its memory. */
  async start(): Promise<void> {
    await this.#runsc('start', this.#options.name)
    await pollUntil(async () => ((await this.#status().catch(() => 0)) === 204 ? true : undefined), {
      intervalMs: 20,
      maxIntervalMs: 200,
      signal: AbortSignal.timeout(120_000),
    })
  }

  async restore(image: string): Promise<void> {
    const options = ['--detach', '--direct', '--background', `--image-path=${image}`, `--bundle=${this.#bundle}`]
    await this.#runsc('restore', ...options, this.#options.name)
  }

  async checkpoint(image: string): Promise<void> {
    await mkdir(image, { recursive: true })
    await this.#runsc('checkpoint', '-direct', '-leave-running', `-image-path=${image}`, this.#options.name)
  }

  async freeze(): Promise<void> {
    await controlCall(await this.#socketPath(), 'containerManager.Pause')
  }

  async thaw(): Promise<void> {
    await controlCall(await this.#socketPath(), 'containerManager.Resume')
  }

  /** Resolves when the guest's server has answered one request. A connection that is refused is tried again at once. */
  async firstAnswer(): Promise<void> {
    await pollUntil(async () => ((await this.#status().catch(() => 0)) > 0 ? true : undefined), {
      intervalMs: 1,
      maxIntervalMs: 2,
      signal: AbortSignal.timeout(30_000),
    })
  }

  /** Ends the container and removes what runsc keeps of it. */
  async delete(): Promise<void> {
    await this.#runsc('delete', '--force', this.#options.name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { name } = this.#options
    if (existsSync(this.#stateFile())) await this.delete() // there is none after a failure before create
    if (readFileSync('/proc/mounts', 'utf8').includes(` ${this.#root} `)) await exec('umount', [this.#root])
    await exec('ip', ['link', 'del', LINK]).catch(() => undefined) // it went with the namespace, or was never made
    await exec('ip', ['netns', 'del', name]).catch(() => undefined)
    await exec('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${name}*`, '-exec', 'rmdir', '{}', ';'])
  }

  async #status(): Promise<number> {
    return await new Promise((resolve, reject) => {
      const call = request({ host: ADDRESS.guest, port: 49_983, timeout: 10_000, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      call.on('timeout', () => call.destroy(new Error('no answer')))
      call.on('error', reject)
      call.end()
    })
  }

  async #socketPath(): Promise<string> {
    const state: unknown = JSON.parse(await readFile(this.#stateFile(), 'utf8'))
    return (state as { sandbox: { controlSocketPath: string } }).sandbox.controlSocketPath // runsc's own file
  }

  #stateFile(): string {
    const { name } = this.#options
    return join(this.#state, `${name}_sandbox:${name}.state`)
  }

  async #runsc(verb: string, ...args: string[]): Promise<void> {
    const log = join(this.#bundle, `${verb}.log`)
    await rm(log, { force: true })
    // The sandbox inherits all three: a pipe would never close.
    const child = spawn(this.#options.runsc, [`--root=${this.#state}`, ...FLAGS, `--log=${log}`, verb, ...args], {
      stdio: 'ignore',
      detached: true,
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) {
      const said = await readFile(log, 'utf8').catch(() => '')
      throw new Error(`runsc ${verb} ended with ${code ?? 'a signal'}: ${said.slice(-500)}`)
    }
  }
}

/** Brings the files of an image to disk, as an answered pause has to. */
export async function syncImage(image: string): Promise<void> {
  const paths = [...(await readdir(image)).map((name) => join(image, name)), image]
  await Promise.all(
    paths.map(async (path) => {
      await using file = await open(path, 'r')
      await file.sync()
    }),
  )
}

/** Size of an image in bytes. */
export async function imageBytes(image: string): Promise<number> {
  const sizes = await Promise.all((await readdir(image)).map(async (name) => (await stat(join(image, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { exec } from '@drowse/common'
import { api } from './inspect.ts'

const ENVIRONMENT = { PATH: process.env.PATH, LANG: 'C.UTF-8', TERM: 'xterm-256color' }

/** What a run of `ssh` came to. */
export interface SshResult {
  /** As `ssh` gives it: the program's own, or 255. */
  code: number | null
  stdout: Buffer
  stderr: string
}

/** A person with a key of their own and the real `ssh`, in a folder that nobody else uses. */
export class SshPerson implements AsyncDisposable {
  readonly folder: string
  /** The line of the `.pub` file. */
  readonly publicKey: string
  /** Of the door, as the API tells it. */
  readonly port: number

  private constructor(folder: string, publicKey: string, port: number) {
    this.folder = folder
    this.publicKey = publicKey
    this.port = port
  }

  /** Makes a key, and takes the host's from the API. */
  static async make(type = 'ed25519'): Promise<SshPerson> {
    const folder = await mkdtemp(join(tmpdir(), 'drowse-ssh-'))
    await exec('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'a person', '-f', join(folder, 'key')])
    const { port, hostKey } = (await (await api('/ssh')).json()) as { port: number; hostKey: { publicKey: string } }
    await writeFile(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey.publicKey}\n`)
    return new SshPerson(folder, (await readFile(join(folder, 'key.pub'), 'utf8')).trim(), port)
  }

  /** Gives the key to the team of an API key, the installation's own by default; answers the stored key's id. */
  async join(key?: string): Promise<string> {
    const body = { publicKey: this.publicKey }
    const answer = await api('/ssh-keys', { method: 'POST', body, ...(key === undefined ? {} : { key }) })
    if (answer.status !== 201) throw new Error(`the key was answered with ${answer.status}`)
    return ((await answer.json()) as { id: string }).id
  }

  /** Options by which `ssh`, `scp` and `sftp` know this person and the host, and nothing of this machine's user. */
  get options(): string[] {
    const settings = {
      IdentityFile: join(this.folder, 'key'),
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      UserKnownHostsFile: join(this.folder, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'yes',
      BatchMode: 'yes',
      ConnectTimeout: '20',
    }
    return ['-F', 'none', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
  }

  /** Starts `ssh` on a terminal of 31 rows and 117 columns; its standard input takes the lines that `python/on_terminal.py` says. */
  startOnTerminal(user: string): ChildProcessWithoutNullStreams {
    const program = join(import.meta.dirname, '..', 'python', 'on_terminal.py')
    const ssh = ['ssh', ...this.options, '-p', String(this.port), `${user}@127.0.0.1`]
    return spawn('python3', [program, ...ssh], { env: ENVIRONMENT })
  }

  /** Starts `ssh` to `user`, which is a sandbox's id or begins with it. */
  start(user: string, args: readonly string[] = [], options: readonly string[] = []): ChildProcessWithoutNullStreams {
    const target = ['-p', String(this.port), `${user}@127.0.0.1`]
    return spawn('ssh', [...this.options, ...options, ...target, ...args], {
      env: ENVIRONMENT,
    })
  }

  /** Runs `ssh` to its end. */
  async run(
    user: string,
    args: readonly string[] = [],
    { input = '', options = [] }: { input?: string | Buffer; options?: readonly string[] } = {},
  ): Promise<SshResult> {
    const child = this.start(user, args, options)
    // A program that does not read all of its input is its own affair.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const [stdout, stderr, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { code, stdout, stderr: stderr.toString() }
  }

  /** Runs `scp` or `sftp`; gives its output. Throws with what it said when it fails. */
  async copy(program: 'scp' | 'sftp', args: readonly string[], input?: string): Promise<string> {
    const given = input === undefined ? {} : { input }
    const { stdout } = await exec(program, [...this.options, '-P', String(this.port), ...args], given)
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true })
  }
}

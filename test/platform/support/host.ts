import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { exec } from '@drowse/common'

/** What the host holds that carries a word: command lines, mounts, namespaces, links, control groups. */
export async function hostTraces(word: string): Promise<string[]> {
  const [mounts, namespaces, links] = [
    readFileSync('/proc/mounts', 'utf8'),
    (await exec('ip', ['netns', 'list'])).stdout,
    (await exec('ip', ['-o', 'link'])).stdout,
  ]
  return [
    ...processesWith(word).map((line) => `process ${line}`),
    ...linesWith(mounts, word).map((line) => `mount ${line}`),
    ...linesWith(namespaces, word).map((line) => `netns ${line}`),
    ...linesWith(links, word).map((line) => `link ${line}`),
    ...controlGroupsWith(word).map((line) => `cgroup ${line}`),
  ]
}

function linesWith(text: string, word: string): string[] {
  return text.split('\n').filter((line) => line.includes(word))
}

function processesWith(word: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(word) ? [`${pid} ${line.slice(0, 200)}`] : []
      } catch {
        return [] // it ended between the listing and the read
      }
    })
}

function controlGroupsWith(word: string, directory = '/sys/fs/cgroup'): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(directory, name))
      .flatMap((path) => [...(basename(path).includes(word) ? [path] : []), ...controlGroupsWith(word, path)])
  } catch {
    return [] // it went between the listing and the read
  }
}

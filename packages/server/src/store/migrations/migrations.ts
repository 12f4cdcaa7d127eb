import type { Migration } from 'kysely/migration'
import { initial } from './0001-initial.ts'
import { sleep } from './0002-sleep.ts'
import { sshKeys } from './0003-ssh-keys.ts'

/** Every migration in order of its number. Collected by hand, so that a bundle holds them too. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-sleep': sleep,
  '0003-ssh-keys': sshKeys,
}

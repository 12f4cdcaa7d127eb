import { DrowseError } from '@drowse/protocol'
import type { GuestSettings } from '../identity/guest-settings.ts'
import type { User, UserDatabase } from './user-database.ts'

/** Where {@link requestUser} looks. */
export interface UserSource {
  users: UserDatabase
  settings: GuestSettings
}

/**
 * The user that a call acts as: `name`, or the sandbox's default user when it is empty.
 * Throws "unauthenticated" for a name that the guest does not know. An image without the default user is used as root.
 */
export function requestUser(source: UserSource, name: string | undefined): User {
  if (name !== undefined && name !== '') {
    const user = source.users.find(name)
    if (user === undefined) throw new DrowseError('unauthenticated', `invalid username: '${name}'`)
    return user
  }
  const user = source.users.find(source.settings.defaultUser) ?? source.users.find('root')
  return user ?? { name: 'root', uid: 0, gid: 0, home: '/root', groups: [] }
}

/** The user name in a Basic `Authorization` header; clients send `<user>:` with no password. */
export function basicUserName(authorization: string | null | undefined): string | undefined {
  const encoded = /^basic\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  return Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)[0]
}

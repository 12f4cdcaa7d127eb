import type { GuestSettings } from '../identity/guest-settings.ts'
import type { User } from '../users/user-database.ts'

/** Environment of a user's process: the basics of a login, then the sandbox's variables, then the request's own. */
export function processEnvironment(
  user: User,
  settings: GuestSettings,
  requested: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    PATH: settings.path,
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    ...settings.env,
    ...requested,
  }
}

import { HOST_SETTINGS, readSetting } from '../host/host-settings.ts'
import type { Check } from './finding.ts'

/** One check for each host setting that `up` changes. */
export const SETTING_CHECKS: readonly Check[] = HOST_SETTINGS.map((setting) => async () => {
  const { name, path, value, accepted, isOptional } = setting
  const seen = await readSetting(path)
  if (seen !== undefined && accepted.includes(seen)) return { name, status: 'ok', detail: `${path} is ${seen}` }
  if (seen === undefined && isOptional) {
    return { name, status: 'warn', detail: `this kernel has no ${path}`, fix: 'Nothing: large sandboxes wake slower.' }
  }
  return {
    name,
    status: isOptional ? 'warn' : 'fail',
    detail: `${path} is ${seen ?? 'absent'}, not ${value}`,
    fix: 'Run "sudo ./drowse up", which sets it.',
  }
})

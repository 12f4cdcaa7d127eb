import type { SetupContext } from '../context.ts'
import { templateLogPath } from '../templates/background-builds.ts'
import { stateWords, templateStates, type TemplateState } from '../templates/template-states.ts'
import type { Finding } from './finding.ts'

/** Looks at the templates that the settings want, besides the base. */
export async function checkTemplates(context: SetupContext): Promise<Finding> {
  const wanted = context.config.backgroundTemplates
  const states = (await templateStates(context)).filter(({ id }) => wanted.includes(id))
  return judgeTemplates(states, templateLogPath(context.folder))
}

/** Judges the states of the templates that are wanted; `log` is where their builds write. */
export function judgeTemplates(states: readonly TemplateState[], log: string): Finding {
  const name = 'templates'
  const words = states.map((each) => `${each.id}: ${stateWords(each)}`)
  const detail = words.join('; ') || 'only the base template is wanted'
  const troubled = states.filter(({ state }) => state === 'failed' || state === 'interrupted' || state === 'absent')
  if (troubled.length === 0) return { name, status: 'ok', detail }
  const ids = troubled.map(({ id }) => id).join(' ')
  return { name, status: 'warn', detail, fix: `Run "drowse template build ${ids}"; its log is ${log}` }
}

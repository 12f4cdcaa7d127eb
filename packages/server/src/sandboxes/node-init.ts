import type { NodeInit } from '@drowse/node'
import type { Sandbox } from './sandbox.ts'

/** What the daemon of a sandbox is told at every start. The ids are there for programs that look for them. */
export function nodeInit(sandbox: Sandbox): NodeInit {
  return {
    ...(sandbox.envdAccessToken === undefined ? {} : { accessToken: sandbox.envdAccessToken }),
    envVars: {
      E2B_SANDBOX: 'true',
      E2B_SANDBOX_ID: sandbox.id,
      E2B_TEAM_ID: sandbox.teamId,
      E2B_TEMPLATE_ID: sandbox.templateId,
      ...sandbox.envVars,
    },
  }
}

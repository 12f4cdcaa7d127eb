import type { NodeClient } from '@drowse/node'
import type { SandboxMetrics } from '../../metrics/sandbox-metrics.ts'
import type { SandboxService } from '../../sandboxes/service.ts'
import type { TemplateSource } from '../../templates/find-template.ts'

/** What routes about sandboxes use. */
export interface SandboxRouteDependencies {
  sandboxes: SandboxService
  metrics: Pick<SandboxMetrics, 'between' | 'latest'>
  templates: TemplateSource & Pick<NodeClient, 'lastBuild'>
  /** Name, with port where it is not 443, under which clients reach sandboxes; asked for each answer. */
  publicDomain: () => string
}

import { inject } from 'vitest'

// The clients read their settings from the environment, as after `eval "$(drowse env)"`.
Object.assign(process.env, inject('clientEnv'))

/** Languages that contexts speak. */
export const LANGUAGES = ['python', 'javascript', 'typescript', 'bash', 'r', 'java'] as const

/** One of {@link LANGUAGES}. */
export type Language = (typeof LANGUAGES)[number]

const SHORT: Readonly<Record<string, Language>> = { py: 'python', js: 'javascript', ts: 'typescript', sh: 'bash' }

/** Finds the language that a client names, whatever the case; none means Python. */
export function findLanguage(name: string | undefined): Language | undefined {
  const wanted = (name ?? '').trim().toLowerCase() || 'python'
  return SHORT[wanted] ?? LANGUAGES.find((language) => language === wanted)
}

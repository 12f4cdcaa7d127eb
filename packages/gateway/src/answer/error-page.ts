import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from './answer.ts'

/** Whether a person looks at the answer: a browser that opens a page, not a script in one (wire.md §2.4). */
export function isBrowserNavigation(headers: IncomingHttpHeaders): boolean {
  const mode = headers['sec-fetch-mode']
  return (
    /mozilla|chrome|safari|firefox|edge|opera|msie/i.test(headers['user-agent'] ?? '') &&
    !(headers.accept ?? '').includes('application/json') &&
    mode !== 'cors' &&
    mode !== 'websocket'
  )
}

/** Whether a browser opens a page that it can load again by itself with no harm done. */
export function isReloadable(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  const mode = headers['sec-fetch-mode'] ?? 'navigate'
  const takesPages = (headers.accept ?? '').includes('text/html')
  return method === 'GET' && takesPages && mode === 'navigate' && isBrowserNavigation(headers)
}

/** A small page that says what an answer says, and loads itself again when the answer is for the moment. */
export function errorPage(answer: Answer): string {
  const facts = [
    answer.sandboxId === undefined ? '' : `<dt>Sandbox</dt><dd>${escapeHtml(answer.sandboxId)}</dd>`,
    answer.port === undefined ? '' : `<dt>Port</dt><dd>${answer.port}</dd>`,
  ].join('')
  const message = escapeHtml(answer.message)
  const { reloadAfterS } = answer
  const reload = reloadAfterS === undefined ? '' : `\n<meta http-equiv="refresh" content="${reloadAfterS}">`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">${reload}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${answer.status} · ${message}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 36rem; margin: 20vh auto 0; padding: 0 1.5rem }
h1 { font-size: 1.3rem; margin: 0 0 1rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; opacity: .75 }
dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>${message}</h1>
<dl>${facts}<dt>Code</dt><dd>${answer.status}</dd></dl>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

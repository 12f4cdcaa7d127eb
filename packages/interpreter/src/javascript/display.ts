import type { EventWriter } from './event-writer.ts'
import { encoded, mediaOf, type MediaBundle } from './media.ts'

const FORMATS: Readonly<Record<string, string>> = {
  text: 'text/plain',
  html: 'text/html',
  markdown: 'text/markdown',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  pdf: 'application/pdf',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
}

/**
 * Gives cells `display(value)`, and `display.html(text)`, `display.png(bytes)` and so on for one format, and `display.mime(bundle)` for
 * several. Each shows one result that is not the cell's main one.
 */
export function installDisplay(events: EventWriter): void {
  const show = (data: MediaBundle): void => events.send({ type: 'result', isMain: false, data })
  const display = async (value: unknown): Promise<void> => show(await mediaOf(value))
  for (const [name, mediaType] of Object.entries(FORMATS)) {
    Object.assign(display, { [name]: (content: unknown) => show({ [mediaType]: encoded(content) }) })
  }
  Object.assign(display, { mime: show })
  Object.defineProperty(globalThis, 'display', { value: display, writable: true, configurable: true })
}

import { z } from 'zod'
import { dropNulls } from './without-nulls.ts'

/**
 * A JSON object body. A missing body is an empty one, a field that is null is absent (generated clients send nulls), and
 * unknown fields are ignored: newer clients send more than this server knows.
 */
export function requestBody<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodPreprocess<z.ZodObject<Shape>> {
  return z.preprocess((body) => dropNulls(body ?? {}), z.object(shape))
}

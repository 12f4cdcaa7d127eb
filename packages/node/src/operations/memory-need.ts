/** Memory, in bytes, that the smallest sandbox takes: 35–42 MB were measured (engine.md), and a boot needs a little more than what stays. */
export const LEAST_MEMORY_BYTES = 64 * 1024 * 1024

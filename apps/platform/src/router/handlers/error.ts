import type { Handler } from '../bus.ts'

/** Errors sent to the router concern answers it does not wait for. */
export const error: Handler = () => {}

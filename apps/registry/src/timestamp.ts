/** The present as the registry writes it: ISO 8601, UTC, six decimals (the last three are 0). */
export const timestamp = (at: Date = new Date()): string => at.toISOString().replace('Z', '000Z')

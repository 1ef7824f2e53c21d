import preset from '../../jest.preset.js'

/** Needs the variable VOLTTRON_TEST_POSTGRES_URL; `node scripts/with-postgres.mjs` at the root sets it. */
export default { ...preset, testTimeout: 30_000, testMatch: ['<rootDir>/test/postgres.test.ts'] }

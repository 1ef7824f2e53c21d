import preset from '../../jest.preset.js'

/** Tests that need a PostgreSQL server have a configuration of their own: jest.postgres.config.js. */
export default { ...preset, testTimeout: 30_000, testPathIgnorePatterns: ['/node_modules/', 'postgres\\.test\\.ts$'] }

/**
 * The folder in which the servers for tests and benchmarks are looked for, and nowhere else, when TEST_SERVER_PROGRAMS
 * names one.
 *
 * @returns {string | undefined}
 */
export const givenFolder = () => process.env.TEST_SERVER_PROGRAMS || undefined

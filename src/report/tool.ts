/** Name and version that reports carry; a test holds the version equal to that of package.json. */
export const tool = { name: 'greenloop', version: '0.1.0' } as const

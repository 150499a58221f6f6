const OURS = /^(PATCHTIDE_|TEMPORAL_|AWS_|DATABASE_URL$|NODE_OPTIONS$)/;

/** The environment of this process without all that would configure a process of ours: what those get is said in full. */
export const surroundings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

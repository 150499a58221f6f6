import { MockActivityEnvironment } from '@temporalio/testing';

/** Runs an activity as a worker does, but for the worker. */
export const runActivity = <Arguments extends unknown[], Result>(
  activity: (...args: Arguments) => Promise<Result>,
  ...args: Arguments
): Promise<Result> => new MockActivityEnvironment().run(activity, ...args);

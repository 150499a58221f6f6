/*
 * What the activities ask of the world: of AWS, of the memory, and of Temporal itself.
 */
export * from './fleet-ports.js';
export * from './records-ports.js';

/** What activities ask of Temporal itself. */
export interface Engine {
  /** Whether the workflow has ended, or was never there. */
  hasEnded(workflowId: string): Promise<boolean>;
}

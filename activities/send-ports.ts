/**
 * Called when a request's turn has come, at the last moment before it goes out. What it throws keeps the request from
 * being sent, and is what the caller of the send gets.
 */
export type BeforeSend = () => Promise<void>;

/** The innermost reason that says anything: what an operator can act on, without the layers around it. */
export function reasonOf(error: unknown): string {
  let reason = '';
  let innermost = error;
  while (innermost instanceof Error) {
    reason = innermost.message || reason;
    innermost = innermost.cause;
  }
  return reason || String(error);
}

/** Runs a command: a failure is told in a sentence, without a stack trace, and makes the exit code 1. */
export async function reported(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (failure) {
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
    process.exitCode = 1;
  }
}
